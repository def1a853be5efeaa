import { describe, it } from 'vitest';
import { histories } from './arbitraries.ts';
import { play } from './play.ts';
import { expectAllHold } from './property.ts';

const RUNS = Number(process.env.PIPE_MODEL_RUNS ?? 500);
const SEED = Number(process.env.PIPE_MODEL_SEED ?? 20260101);
/** Histories wait for timers and for the disk, so several are played at a time. */
const SHARDS = 4;
/** Also names that mean something to JavaScript. */
const INPUT_NAMES = ['in', 'a', 'b-1', '__proto__', 'c', 'constructor', '7', 'd', 'toString', 'e'];

describe(`of ${RUNS} histories, in each run`, () => {
  const seeds = Array.from({ length: SHARDS }, (_, index) => SEED + index);
  it.concurrent.each(seeds)(
    'outputs, executions and events are those of the model (seed %i)',
    {
      timeout: 60_000 + 1_000 * RUNS,
    },
    async (seed) => {
      await expectAllHold(
        histories({ stages: 12, steps: 4, duration: 4, inputNames: INPUT_NAMES }),
        (history) => play(history, INPUT_NAMES),
        { seed, runs: Math.ceil(RUNS / SHARDS) },
      );
    },
  );
});
