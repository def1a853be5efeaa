import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { processesWith } from '../faults/processes.ts';
import { puppet } from './fixtures/stage-types.ts';
import { buildFixtures, type Puppet, Rig } from './rig.ts';

let fixtures: Awaited<ReturnType<typeof buildFixtures>>;
let rig: Rig;
const daemons = new Set<number>();

beforeAll(async () => {
  fixtures = await buildFixtures();
});
afterAll(() => fixtures.remove());
beforeEach(() => {
  rig = new Rig(fixtures.host);
});
afterEach(async () => {
  for (const pid of daemons) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  daemons.clear();
  await rig.remove();
});

/** What the stage starts: a child in its group and, on Linux, one that has left it. */
async function startChildren(a: Puppet): Promise<number[]> {
  const orders = process.platform === 'linux' ? ['start-grandchild', 'start-daemon'] : ['start-grandchild'];
  const pids: number[] = [];
  for (const order of orders as ('start-grandchild' | 'start-daemon')[]) {
    const { pid } = await a.order({ do: order });
    daemons.add(pid!);
    pids.push(pid!);
  }
  return pids;
}

function isAlive(pid: number): boolean {
  if (process.platform !== 'linux') return !isGone(pid);
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, 'utf8'));
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

async function allEnd(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + 5000;
  while (pids.some(isAlive) && Date.now() < deadline) await delay(20);
  expect(pids.filter(isAlive)).toEqual([]);
}

/** Another runner does the action, alone and from what the dead one has kept. */
async function expectNextGoesOn(): Promise<void> {
  const next = rig.start({ a: { type: puppet, settings: rig.led('a') } });
  const again = await rig.puppet('a');
  expect(again.earlier).toEqual(['half']);
  again.send({ do: 'finish' });
  expect((await next.finished).outcomes).toEqual({ a: 'ran' });
  expect(rig.attempts).toEqual([]);
}

describe('nothing of a stage outlives its runner', () => {
  it.each<[string, (runner: ChildProcess, a: Puppet) => void]>([
    ['is killed', (runner) => runner.kill('SIGKILL')],
    [
      'is killed together with the process of the stage',
      (runner, a) => {
        process.kill(a.pid, 'SIGKILL');
        runner.kill('SIGKILL');
      },
    ],
    [
      'is killed while the process of the stage is stopped',
      (runner, a) => {
        process.kill(a.pid, 'SIGSTOP');
        runner.kill('SIGKILL');
      },
    ],
    [
      'is killed while its whole group is stopped',
      (runner, a) => {
        process.kill(-a.pid, 'SIGSTOP');
        runner.kill('SIGKILL');
      },
    ],
  ])('that %s', async (_, end) => {
    const runner = rig.startRunner(fixtures.runner);
    const a = await rig.puppet('a');
    await a.order({ do: 'checkpoint', text: 'half' });
    const children = await startChildren(a);
    await a.order({ do: 'block' });
    end(runner, a);
    await once(runner, 'exit');
    await allEnd([a.pid, ...children]);
    await expectNextGoesOn();
  });

  it.runIf(process.platform === 'linux')(
    'that is killed in the very moment in which the process of the stage is there',
    async () => {
      for (let round = 0; round < 5; round++) {
        const runner = rig.startRunner(fixtures.runner);
        let host: number | undefined;
        while (host === undefined) {
          await delay(0);
          const hosts = processesWith(rig.artifacts).filter(({ argv }) => argv.includes(fixtures.host));
          host = hosts.find(({ pid }) => pid !== runner.pid)?.pid;
        }
        process.kill(host, 'SIGSTOP');
        runner.kill('SIGKILL');
        await once(runner, 'exit');
        await allEnd([host]);
      }
    },
  );

  it.runIf(process.platform === 'linux')(
    'also where nobody watched it: the next attempt ends it first',
    async () => {
      const runner = rig.startRunner(fixtures.runner);
      const a = await rig.puppet('a');
      await a.order({ do: 'checkpoint', text: 'half' });
      const children = await startChildren(a);
      await a.order({ do: 'block' });
      process.kill(watcherOf(runner), 'SIGKILL');
      runner.kill('SIGKILL');
      await once(runner, 'exit');
      expect(children.every(isAlive)).toBe(true);
      const next = expectNextGoesOn();
      await allEnd([a.pid, ...children]);
      await next;
    },
  );
});

describe.runIf(process.platform === 'linux')('what has left the group of a stage', () => {
  it.each<[string, Parameters<Puppet['send']>[0], string]>([
    ['succeeds', { do: 'finish' }, 'ran'],
    ['fails', { do: 'fail', message: 'out of luck' }, 'failed'],
    ['is killed', { do: 'kill-self' }, 'failed'],
  ])('ends before the run tells that the stage %s', async (_, order, outcome) => {
    const run = rig.start({ a: { type: puppet, settings: rig.led('a') } });
    const a = await rig.puppet('a');
    const children = await startChildren(a);
    a.send(order);
    await run.event('stage-finished');
    expect(children.filter(isAlive)).toEqual([]);
    expect((await run.finished).outcomes).toEqual({ a: outcome });
  });
});

/** The shell that a runner has started for the time after its death. */
function watcherOf(runner: ChildProcess): number {
  const children = readFileSync(`/proc/${runner.pid}/task/${runner.pid}/children`, 'utf8').trim().split(' ');
  const shell = children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sh');
  return Number(shell);
}
