import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { groupIsAlive } from '../../../src/runner/process-group.ts';
import { type Order, puppet } from '../fixtures/stage-types.ts';
import { buildFixtures, Rig } from '../rig.ts';

let fixtures: Awaited<ReturnType<typeof buildFixtures>>;
let rig: Rig;

beforeAll(async () => {
  fixtures = await buildFixtures();
});
afterAll(() => fixtures.remove());
beforeEach(() => {
  rig = new Rig(fixtures.host);
});
afterEach(() => rig.remove());

async function endsWithin(seconds: number, group: number): Promise<boolean> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await delay(20)) {
    if (!groupIsAlive(group)) return true;
  }
  return false;
}

/** A runner of its own, with the stage `a` that the test leads. */
function startRunner(): ChildProcess {
  return spawn(process.execPath, [fixtures.runner, rig.directory, fixtures.host, rig.socket], {
    stdio: 'inherit',
  });
}

describe('the process of a stage', () => {
  it('ends itself and its children when its runner is killed, even while its main thread is blocked', async () => {
    const runner = startRunner();
    const a = await rig.puppet('a');
    await a.order({ do: 'checkpoint', text: 'half' });
    await a.order({ do: 'start-grandchild' });
    await a.order({ do: 'block' });
    expect(groupIsAlive(a.pid)).toBe(true);
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    expect(await endsWithin(10, a.pid)).toBe(true);

    // The next run is not held up by what the dead one left, and goes on from its work.
    const next = rig.start({ a: { type: puppet, settings: rig.led('a') } });
    const again = await rig.puppet('a');
    expect(again.earlier).toEqual(['half']);
    again.send({ do: 'finish' });
    expect((await next.finished).outcomes).toEqual({ a: 'ran' });
    expect(rig.attempts).toEqual([]);
  });

  it('tells no value of a secret, whatever it says and however it ends', async () => {
    const secret = 'tok-"1234"';
    const environment = { PATH: process.env.PATH, TOKEN: secret };
    const told = async (order: Order) => {
      const stage = { type: puppet, settings: rig.led('a'), secrets: ['TOKEN'] };
      const run = rig.start({ a: stage }, { environment });
      (await rig.puppet('a')).send(order);
      return (await run.finished).stage('a').error?.message;
    };
    expect(await told({ do: 'fail', message: `refused: ${secret}` })).toBe('refused: ***TOKEN***');
    expect(await told({ do: 'crash-later', message: `lost ${secret}` })).toContain('Error: lost ***TOKEN***');
    expect(rig.filesThatHold('tok-')).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('says what to do where the disk is full', async () => {
    const run = rig.start({ a: { type: puppet, settings: rig.led('a') } });
    (await rig.puppet('a')).send({ do: 'fill-disk' });
    expect((await run.finished).stage('a').error).toEqual({
      message: 'Cannot finish the work of the stage: the disk is full.',
      hint: expect.stringMatching(/^Free some space on that disk, or give another folder with --artifacts\./),
    });
  });

  it('waits for another that does the same action, and leaves the result to it', async () => {
    const runner = startRunner();
    const leader = await rig.puppet('a');
    const second = rig.start({ b: { type: puppet, settings: rig.led('a', 'b') } });
    const waiting = await second.event('stage-waiting');
    expect(waiting.holder).toContain(`process ${leader.pid} on `);
    leader.send({ do: 'finish' });
    const { outcomes, stage } = await second.finished;
    expect(outcomes).toEqual({ b: 'hit' });
    expect(stage('b').reason).toEqual({
      code: 'finished-elsewhere',
      message: expect.stringMatching(/^finished meanwhile by run \d{8}-\d{6}-[0-9a-f]{4}$/),
    });
    expect(rig.hasStarted('b')).toBe(false);
    await ended(runner);
  });

  it('does the work itself when the other fails', async () => {
    const runner = startRunner();
    const leader = await rig.puppet('a');
    const second = rig.start({ b: { type: puppet, settings: rig.led('a', 'b') } });
    await second.event('stage-waiting');
    await leader.order({ do: 'checkpoint', text: 'half' });
    leader.send({ do: 'fail', message: 'out of luck' });
    const follower = await rig.puppet('b');
    expect(follower.earlier).toEqual(['half']);
    follower.send({ do: 'finish' });
    expect((await second.finished).outcomes).toEqual({ b: 'ran' });
    await ended(runner);
  });

  it('can be cancelled while it waits', async () => {
    const runner = startRunner();
    const leader = await rig.puppet('a');
    const second = rig.start({ b: { type: puppet, settings: rig.led('a', 'b') } });
    await second.event('stage-waiting');
    second.control.interrupt();
    expect((await second.finished).outcomes).toEqual({ b: 'cancelled' });
    leader.send({ do: 'finish' });
    await ended(runner);
  });
});

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await once(child, 'exit');
}
