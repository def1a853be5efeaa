import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, it } from 'vitest';
import { digests } from '../cli/rig.ts';
import { Attacked, type Started } from './attacked.ts';
import { withClock } from './hooks.ts';
import { endAll, processesWith, signal } from './processes.ts';
import { allHits, eachOnce, neverOverlapping, nobodyAlive, require, succeeded } from './promises.ts';
import { LONG } from './seeded.ts';
import { Tally } from './tally.ts';

const ROUNDS = LONG ? 20 : 1;
/** Longer than a claim without heartbeat counts on another host, so in the long form only. */
const LONG_STOP_MS = 70_000;
const DAY_MS = 86_400_000;

describe.skipIf(process.platform !== 'linux')('the lock of an action', () => {
  const attacked = new Attacked();
  afterAll(() => attacked.remove());

  it('is given to one after the other', { timeout: ROUNDS * 300_000 }, async (context) => {
    const reference = digests((await attacked.run()).events);
    const tally = new Tally();
    const round = async (kind: string, number: number, attack: () => Promise<string>) => {
      const kept = await tally.round(`lock: ${kind}`, number, async () => {
        attacked.forgetAll();
        const what = await attack();
        await nobodyAlive(attacked.project.directory);
        return what;
      });
      if (!kept) await endAll(attacked.project.directory);
    };
    for (let number = 0; number < ROUNDS; number++) {
      await round('its owner is killed', number, async () => {
        const owner = attacked.startRun();
        await atWork(attacked, 'large');
        const waiter = attacked.startRun();
        await delay(100);
        owner.child.kill('SIGKILL');
        await owner.ended;
        succeeded(await waiter.ended, reference);
        neverOverlapping(attacked);
        return 'the waiter goes on';
      });
      await round('its owner is stopped for a while', number, async () => {
        const stop = LONG && number === 0 ? LONG_STOP_MS : 1000;
        const owner = attacked.startRun([], {}, stop + 20_000);
        await atWork(attacked, 'large');
        stopAll(owner, 'SIGSTOP');
        const waiter = attacked.startRun([], {}, stop + 20_000);
        await delay(stop);
        stopAll(owner, 'SIGCONT');
        succeeded(await owner.ended, reference);
        succeeded(await waiter.ended, reference);
        eachOnce(attacked);
        return `the waiter waits ${stop / 1000} s`;
      });
      await round('its owner on another host is silent', number, async () => {
        await attacked.run();
        const [action = ''] = readdirSync(join(attacked.artifacts, 'cache', 'actions'));
        const lock = join(attacked.artifacts, 'cache', 'locks', action);
        mkdirSync(lock, { recursive: true });
        const claim = join(lock, 'claim-of-another-host');
        const identity = {
          host: 'elsewhere',
          boot: 'b',
          pidNamespace: 'p',
          pid: 1,
          started: '1',
          attempt: 'a',
        };
        writeFileSync(claim, JSON.stringify(identity));
        const old = new Date(Date.now() - DAY_MS);
        utimesSync(claim, old, old);
        attacked.forgetLog();
        const force = Object.keys(reference).flatMap((output) => ['--force', output.replace('.out', '')]);
        succeeded(await attacked.run(force), reference);
        eachOnce(attacked);
        return 'it is taken over';
      });
      for (const clock of [-DAY_MS, DAY_MS]) {
        await round(`the clock is a day ${clock < 0 ? 'behind' : 'ahead'}`, number, async () => {
          const owner = attacked.startRun();
          await atWork(attacked, 'data');
          const other = await attacked.run([], withClock(clock));
          succeeded(await owner.ended, reference);
          succeeded(other, reference);
          neverOverlapping(attacked);
          allHits(await attacked.run([], withClock(-clock)));
          return 'right';
        });
      }
    }
    tally.finish(context);
  });
});

/** Waits until the program of a stage has logged its start. */
async function atWork(attacked: Attacked, stage: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!attacked.log().some(({ what, action }) => what === 'start' && action === stage)) {
    require(Date.now() < end, `${stage} did not start`);
    await delay(5);
  }
}

/** Stops a runner and all that it started, or lets them go on. */
function stopAll({ mark }: Started, name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const { pid } of processesWith(mark)) signal(pid, name);
}
