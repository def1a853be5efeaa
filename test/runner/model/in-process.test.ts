import { describe, it } from 'vitest';
import { histories } from './arbitraries.ts';
import { runInProcess } from './in-process-run.ts';
import { play } from './play.ts';
import { expectAllHold } from './property.ts';

const RUNS = Number(process.env.PIPE_MODEL_RUNS ?? 500);
const SEED = Number(process.env.PIPE_MODEL_SEED ?? 20260101);
const AT_ONCE = Number(process.env.PIPE_MODEL_AT_ONCE ?? 4);
/** Also names that mean something to JavaScript. */
const INPUT_NAMES = ['in', 'a', 'b-1', '__proto__', 'c', 'constructor', '7', 'd', 'toString', 'e'];

describe(`in ${RUNS} random histories`, () => {
  it('outputs, executions and events are those of the model', {
    timeout: 120_000 + 1_000 * RUNS,
  }, async () => {
    await expectAllHold(
      histories({ stages: 12, steps: 4, duration: 4, inputNames: INPUT_NAMES, haveRivals: false }),
      (history, tally) => play(history, INPUT_NAMES, runInProcess, tally),
      { seed: SEED, runs: RUNS, atOnce: AT_ONCE },
    );
  });
});
