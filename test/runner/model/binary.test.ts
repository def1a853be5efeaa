import { afterAll, describe, it } from 'vitest';
import { Project } from '../../cli/rig.ts';
import { histories } from './arbitraries.ts';
import { runBinary } from './binary-run.ts';
import { play } from './play.ts';
import { expectAllHold } from './property.ts';

/** A hundredth of what is played in one process, where nothing has to be started; at least 20. */
const RUNS = Math.max(20, Number(process.env.PIPE_MODEL_RUNS ?? 0) / 100);
const SEED = Number(process.env.PIPE_MODEL_SEED ?? 20260101);
const INPUT_NAMES = ['in', 'a', 'b-1', 'c', 'constructor', 'd', 'toString', 'e', 'f', 'g'];

const project = new Project();
afterAll(() => project.remove());

describe(`in ${RUNS} random histories of shell scripts`, () => {
  it('the binary does what the model says', { timeout: 180_000 + 20_000 * RUNS }, async () => {
    await expectAllHold(
      histories({ stages: 8, steps: 4, duration: 40, inputNames: INPUT_NAMES, haveRivals: false }),
      (history, tally) => play(history, INPUT_NAMES, (world, call) => runBinary(project, world, call), tally),
      { seed: SEED, runs: RUNS, atOnce: 2 },
    );
  });
});
