import { describe, expect, it } from 'vitest';
import { groupIsAlive } from '../../src/runner/executor/process-group.ts';
import { puppet } from './fixtures/stage-types.ts';
import { rig, rigForEachTest } from './rig-for-each-test.ts';

rigForEachTest();

const pipeline = () => ({
  a: { type: puppet, settings: rig.led('a'), execution: { retries: 3 } },
  b: { type: puppet, settings: { text: 'b' }, inputs: { in: 'a' } },
  c: { type: puppet, settings: rig.led('c') },
});

describe('an interrupt', () => {
  it('lets what runs write a checkpoint, and starts nothing more', async () => {
    const run = rig.start(pipeline(), { jobs: 1 });
    const a = await rig.puppet('a');
    await a.order({ do: 'await-cancel' });
    run.control.interrupt();
    const { outcomes, summary, stage, events } = await run.finished;
    expect(outcomes).toEqual({ a: 'cancelled', b: 'cancelled', c: 'cancelled' });
    expect(summary.outcome).toBe('cancelled');
    expect(stage('a').reason).toEqual({ code: 'cancelled', message: 'the run was cancelled' });
    expect(events.at(-1)).toMatchObject({ outcome: 'cancelled', next: 'pipe run pipeline.yaml' });

    const next = rig.start(pipeline());
    const again = await rig.puppet('a');
    expect(again.earlier).toEqual(['written while cancelling']);
    again.send({ do: 'finish' });
    (await rig.puppet('c')).send({ do: 'finish' });
    expect((await next.finished).outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
  });

  it('is told of at once by what waits for its turn, while others still write their checkpoints', async () => {
    const run = rig.start(pipeline(), { jobs: 1 });
    const a = await rig.puppet('a');
    await a.order({ do: 'ignore-cancel' });
    run.control.interrupt();
    for (const waiting of ['b', 'c']) {
      const { outcome } = await run.event('stage-finished', ({ stage }) => stage === waiting);
      expect(outcome).toBe('cancelled');
    }
    a.send({ do: 'finish' });
    expect((await run.finished).outcomes).toEqual({ a: 'ran', b: 'cancelled', c: 'cancelled' });
  });

  it('keeps what a stage finishes nevertheless', async () => {
    const run = rig.start(pipeline());
    const [a, c] = [await rig.puppet('a'), await rig.puppet('c')];
    run.control.interrupt();
    a.send({ do: 'finish' });
    c.send({ do: 'finish' });
    expect((await run.finished).outcomes).toEqual({ a: 'ran', b: 'cancelled', c: 'ran' });
  });

  it('that comes twice ends at once what does not listen', async () => {
    const run = rig.start(pipeline());
    const [a, c] = [await rig.puppet('a'), await rig.puppet('c')];
    await a.order({ do: 'start-grandchild' });
    await a.order({ do: 'block' });
    await c.order({ do: 'ignore-cancel' });
    run.control.interrupt();
    run.control.interrupt();
    expect((await run.finished).outcomes).toEqual({ a: 'cancelled', b: 'cancelled', c: 'cancelled' });
    expect(groupIsAlive(a.pid)).toBe(false);
  });

  it('reaches a stage that waits to be tried again', async () => {
    const run = rig.start({ a: { type: puppet, settings: rig.led('a'), execution: { retries: 3 } } });
    (await rig.puppet('a')).send({ do: 'fail', message: 'a hiccup' });
    await run.event('stage-retrying');
    run.control.interrupt();
    expect((await run.finished).outcomes).toEqual({ a: 'cancelled' });
  });

  it('as SIGTERM, which batch systems send, is the same to a stage', async () => {
    const run = rig.start({ a: { type: puppet, settings: rig.led('a') } });
    const a = await rig.puppet('a');
    await a.order({ do: 'await-cancel' });
    process.kill(a.pid, 'SIGTERM');
    expect((await run.finished).outcomes).toEqual({ a: 'cancelled' });
  });
});
