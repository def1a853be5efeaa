import { afterAll, describe, it } from 'vitest';
import { digests } from '../cli/rig.ts';
import { Attacked, type Ended } from './attacked.ts';
import { KILLINGS, strike } from './killing.ts';
import { endAll } from './processes.ts';
import {
  failedWithMessage,
  neverOverlapping,
  nobodyAlive,
  noStack,
  nothingAgain,
  soundStore,
  succeeded,
} from './promises.ts';
import { LONG } from './seeded.ts';
import { Tally } from './tally.ts';

const ROUNDS = LONG ? 1000 : 60;
const NAMES = Object.keys(KILLINGS);

describe.skipIf(process.platform !== 'linux')('kill -9', () => {
  const attacked = new Attacked();
  afterAll(() => attacked.remove());

  it(`at ${ROUNDS} random moments`, { timeout: ROUNDS * 30_000 }, async (context) => {
    const undisturbed = await attacked.run();
    succeeded(undisturbed, {});
    const reference = digests(undisturbed.events);
    const duration = undisturbed.events.find((event) => event.type === 'run-finished')!.duration_ms;
    const tally = new Tally();
    for (let round = 0; round < ROUNDS; round++) {
      const name = NAMES[round % NAMES.length]!;
      const killing = KILLINGS[name]!;
      const kept = await tally.round(`kill: ${name}`, round, async (random) => {
        attacked.forgetAll();
        const run = attacked.startRun(['--jobs', String(1 + random.below(3))]);
        const hit = await strike(attacked, run, { killing, wait: random.next() * duration, random });
        const ended = await run.ended;
        if (!killing.runnerDies) expectReport(ended);
        // At once, while what was killed may still be ending, or when it should have ended.
        const atOnce = random.chance(0.5);
        if (!atOnce) await nobodyAlive(run.mark);
        const after = await attacked.run();
        succeeded(after, reference);
        nothingAgain(ended, after);
        neverOverlapping(attacked);
        soundStore(attacked);
        await nobodyAlive(run.mark);
        await nobodyAlive(attacked.project.directory);
        if (!hit) return 'ended before';
        return atOnce ? 'the next run at once is right' : 'the next run is right';
      });
      if (!kept) await endAll(attacked.project.directory);
    }
    tally.finish(context);
  });
});

/** A run that lives on has got through, or says which stage was killed. */
function expectReport(ended: Ended): void {
  if (ended.code === 0) noStack(ended);
  else failedWithMessage(ended);
}
