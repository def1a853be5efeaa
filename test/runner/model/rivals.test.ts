import { describe, it } from 'vitest';
import { histories } from './arbitraries.ts';
import { runInProcess } from './in-process-run.ts';
import { play } from './play.ts';
import { expectAllHold } from './property.ts';

/** A fifth of what is played with one run at a time. */
const RUNS = Number(process.env.PIPE_MODEL_RUNS ?? 500) / 5;
const SEED = Number(process.env.PIPE_MODEL_SEED ?? 20260101);
const INPUT_NAMES = ['in', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];

describe(`in ${RUNS} random histories of two runs at once on one cache`, () => {
  it('each action is done once, and both runs give what the model says', {
    timeout: 120_000 + 1_000 * RUNS,
  }, async () => {
    await expectAllHold(
      histories({ stages: 6, steps: 3, duration: 4, inputNames: INPUT_NAMES, haveRivals: true }),
      (history, tally) => play(history, INPUT_NAMES, runInProcess, tally),
      { seed: SEED, runs: RUNS, atOnce: 4 },
    );
  });
});
