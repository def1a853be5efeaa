import fc from 'fast-check';

/*
 * Properties try the same cases in every ordinary run of the tests: no change fails by a fault that it did not bring. Others are tried
 * with PIPE_TEST_SEED=random, as `npm run fuzz` does; a failure names its seed, and PIPE_TEST_SEED=<seed> repeats it.
 */
const { PIPE_TEST_SEED = '20260101' } = process.env;
if (PIPE_TEST_SEED !== 'random') fc.configureGlobal({ seed: Number(PIPE_TEST_SEED) });
