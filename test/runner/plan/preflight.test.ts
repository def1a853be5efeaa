import { describe, expect, it } from 'vitest';
import { StageError } from '../../../src/contract/stage-context.ts';
import { careful, puppet, tensors } from '../fixtures/stage-types.ts';
import { rig, rigForEachTest } from '../rig-for-each-test.ts';

rigForEachTest();

describe('preflight', () => {
  it('tells every problem of every stage that may run, and starts nothing', async () => {
    const { events, summary, outcomes } = await rig.run(
      {
        first: { type: puppet, settings: { text: 'a' } },
        asks: { type: careful, settings: { text: 'b', problem: 'no server' }, inputs: { in: 'first' } },
        variables: { type: puppet, settings: { text: 'c' }, env: ['SEED'], secrets: ['TOKEN'] },
        memory: {
          type: puppet,
          settings: { text: 'd' },
          execution: { resources: { cpu: 1, gpu: 0, memory: 16e9 } },
        },
        disk: { type: careful, settings: { text: 'e', disk: 1e18 } },
        engine: { type: tensors, settings: { text: 'f' } },
      },
      {
        chooseEngine: () => Promise.reject(new StageError('no CUDA', { hint: 'Install it.' })),
        capacity: { cpu: 4, gpu: 0, memory: 8e9 },
      },
    );
    const told = events.find((event) => event.type === 'preflight-failed');
    expect(told?.problems).toEqual([
      { stage: 'asks', message: 'no server', hint: 'Mend it.' },
      { stage: 'variables', message: 'the variable SEED is not set', hint: 'Set it: export SEED=…' },
      { stage: 'variables', message: 'the variable TOKEN is not set', hint: 'Set it: export TOKEN=…' },
      {
        stage: 'memory',
        message: 'needs 16.0 GB of memory; this machine has 8.0 GB',
        hint: 'Lower `resources.memory` if it needs less, or use a smaller model or batch.',
      },
      {
        stage: 'disk',
        message: expect.stringMatching(
          /^this run needs about 1000000000\.0 GB of disk space, most of it for disk; [\d.]+ GB are free in .*artifacts$/,
        ),
        hint: 'Free some space on that disk.',
      },
      { stage: 'engine', message: 'no CUDA', hint: 'Install it.' },
    ]);
    expect(outcomes).toEqual({});
    expect(summary.outcome).toBe('preflight-failed');
    expect(events.some(({ type }) => type === 'stage-started')).toBe(false);
    expect(events.at(-1)).toMatchObject({
      type: 'run-finished',
      outcome: 'failed',
      next: 'pipe run pipeline.yaml',
    });
  });

  it('asks nothing of stages that are hits, and nothing at all when it is switched off', async () => {
    const pipeline = (problem?: string) => ({
      a: { type: careful, settings: { text: 'a', ...(problem !== undefined && { problem }) } },
    });
    expect((await rig.run(pipeline('no server'), { preflight: false })).outcomes).toEqual({ a: 'ran' });
    expect((await rig.run(pipeline('no server'))).outcomes).toEqual({ a: 'hit' });
  });
});
