import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { puppet } from './fixtures/stage-types.ts';
import { fixtures, rig, rigForEachTest } from './rig-for-each-test.ts';

rigForEachTest();

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await once(child, 'exit');
}

describe('a stage whose action another runner does', () => {
  it('waits for another that does the same action, and leaves the result to it', async () => {
    const runner = rig.startRunner(fixtures.runner);
    const leader = await rig.puppet('a');
    const second = rig.start({ b: { type: puppet, settings: rig.led('a', 'b') } });
    const waiting = await second.event('stage-waiting');
    expect(waiting.holder).toContain(`process ${runner.pid} on `);
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
    const runner = rig.startRunner(fixtures.runner);
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
    const runner = rig.startRunner(fixtures.runner);
    const leader = await rig.puppet('a');
    const second = rig.start({ b: { type: puppet, settings: rig.led('a', 'b') } });
    await second.event('stage-waiting');
    second.control.interrupt();
    expect((await second.finished).outcomes).toEqual({ b: 'cancelled' });
    leader.send({ do: 'finish' });
    await ended(runner);
  });

  it('keeps waiting while the other is stopped, and then takes its result', async () => {
    const runner = rig.startRunner(fixtures.runner);
    const leader = await rig.puppet('a');
    const second = rig.start({ b: { type: puppet, settings: rig.led('a', 'b') } });
    await second.event('stage-waiting');
    runner.kill('SIGSTOP');
    leader.send({ do: 'finish' });
    await leader.gone;
    await delay(1500); // longer than it waits between two looks
    expect(rig.hasStarted('b')).toBe(false);
    runner.kill('SIGCONT');
    expect((await second.finished).outcomes).toEqual({ b: 'hit' });
    await ended(runner);
  });
});

describe('a stage that waits for its turn', () => {
  it('is decided again when its turn comes: another run may have done it meanwhile', async () => {
    const queue = {
      first: { type: puppet, settings: rig.led('first') },
      a: { type: puppet, settings: rig.led('a') },
    };
    const slow = rig.start(queue, { jobs: 1 });
    const first = await rig.puppet('first');
    const runner = rig.startRunner(fixtures.runner);
    (await rig.puppet('a')).send({ do: 'finish' });
    await ended(runner);
    first.send({ do: 'finish' });
    expect((await slow.finished).outcomes).toEqual({ first: 'ran', a: 'hit' });
    expect(rig.hasStarted('a')).toBe(false);
  });
});
