import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, it } from 'vitest';
import { digests } from '../cli/rig.ts';
import { Attacked } from './attacked.ts';
import { endAll } from './processes.ts';
import { eachOnce, nobodyAlive, soundStore, succeeded } from './promises.ts';
import { LONG } from './seeded.ts';
import { Tally } from './tally.ts';

const ROUNDS = LONG ? 100 : 5;
const RUNNERS = [2, 4, 8];
const OFFSET_MS = 300;

describe.skipIf(process.platform !== 'linux')('several runners of one pipeline', () => {
  const attacked = new Attacked();
  afterAll(() => attacked.remove());

  it(`do each action once, in ${ROUNDS} rounds`, { timeout: ROUNDS * 60_000 }, async (context) => {
    const reference = digests((await attacked.run()).events);
    const tally = new Tally();
    for (let round = 0; round < ROUNDS; round++) {
      const runners = RUNNERS[round % RUNNERS.length]!;
      const kept = await tally.round(`${runners} runners at once`, round, async (random) => {
        attacked.forgetAll();
        const runs = await Promise.all(
          Array.from({ length: runners }, async () => {
            const jobs = String(1 + random.below(4));
            await delay(random.next() * OFFSET_MS);
            return await attacked.run(['--jobs', jobs]);
          }),
        );
        for (const run of runs) succeeded(run, reference);
        eachOnce(attacked);
        soundStore(attacked);
        await nobodyAlive(attacked.project.directory);
        return 'each action once';
      });
      if (!kept) await endAll(attacked.project.directory);
    }
    tally.finish(context);
  });
});
