import { appendFileSync, chmodSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionRecord } from '../../../src/cache/records/action-record.ts';
import type { Action } from '../../../src/runner/plan/decide.ts';
import { findLostOutputs } from '../../../src/runner/plan/lost-outputs.ts';
import { openWorkspace } from '../../../src/runner/workspace.ts';
import { record } from '../../cache/examples.ts';
import { large, puppet } from '../fixtures/stage-types.ts';
import { type FinishedRun, Rig } from '../rig.ts';

let rig: Rig;

beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

/** a -> b -> c, with outputs too large to lie in their records. */
const chain = (last = 'c') => ({
  a: { type: large, settings: { text: 'a' } },
  b: { type: large, settings: { text: 'b' }, inputs: { in: 'a' } },
  c: { type: puppet, settings: { text: last }, inputs: { in: 'b' } },
});

function lose(run: FinishedRun, ...stages: string[]): void {
  for (const stage of stages) rmSync(rig.objectFile(run.stage(stage).outputs.out!.digest));
}

/** Changes one byte and nothing that can be seen without reading. */
function damage(run: FinishedRun, stage: string): void {
  const file = rig.objectFile(run.stage(stage).outputs.out!.digest);
  chmodSync(file, 0o644);
  appendFileSync(file, '');
  writeFileSync(file, 'X', { flag: 'r+' });
  utimesSync(file, 1, 1);
}

describe('what an action that runs has lost', () => {
  const text = 'x'.repeat(70_000);

  /** An action with an output of each kind among its inputs; `a` is large, `b` small enough to lie in its record. */
  async function actionWithInputs() {
    const workspace = openWorkspace(rig.artifacts, () => {});
    const { objects } = workspace;
    const large = await objects.putBytes(text);
    const small = await objects.putBytes('small');
    const file = await objects.put(rig.write('data.txt', 'data'), 'file');
    const records: Record<string, ActionRecord> = {
      a: record({ outputs: { out: large } }),
      b: record({ outputs: { out: { ...small, inline: 'utf-8:small' } } }),
    };
    const from = (stage: string) => ({ stage, output: 'out' });
    const action: Action = {
      key: record().key,
      manifest: record().manifest,
      inputs: {
        small: { artifact: small, from: from('b') },
        file: { artifact: file, from: { path: '/data.txt' } },
      },
      collections: { all: { one: { artifact: large, from: from('a') } } },
    };
    return { workspace, action, small, find: () => findLostOutputs(action, workspace, (id) => records[id]!) };
  }

  it('is nothing while the store holds its inputs', async () => {
    expect(await (await actionWithInputs()).find()).toEqual([]);
  });

  it('is each output of a stage that the store has not, except small ones, which are put back', async () => {
    const { workspace, small, find } = await actionWithInputs();
    rmSync(`${rig.artifacts}/cache/objects`, { recursive: true });
    expect(await find()).toEqual([{ stage: 'a', output: 'out' }]);
    expect(await workspace.objects.contains(small)).toBe(true);
  });
});

describe('an output whose bytes are lost', () => {
  it('is not missed while nobody reads it', async () => {
    const first = await rig.run(chain());
    lose(first, 'a', 'b', 'c');
    expect((await rig.run(chain())).outcomes).toEqual({ a: 'hit', b: 'hit', c: 'hit' });
  });

  it('is rebuilt when a stage that runs reads it, back to the stage whose inputs are there', async () => {
    const first = await rig.run(chain());
    lose(first, 'a', 'b');
    const second = await rig.run(chain('other'));
    expect(second.outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
    expect(second.stage('b').reason).toEqual({
      code: 'output-lost',
      message: 'its output out is lost, and c reads it',
    });
    expect(second.stage('a').reason).toEqual({
      code: 'output-lost',
      message: 'its output out is lost, and b reads it',
    });
    expect(second.stage('b').outputs).toEqual(first.stage('b').outputs);
  });

  it('is rebuilt alone where its own inputs are there', async () => {
    const first = await rig.run(chain());
    lose(first, 'b');
    const plan = await rig.plan(chain('other'));
    expect(plan.stages.map(({ stage, state }) => `${stage.id} ${state}`)).toEqual([
      'a hit',
      'b run',
      'c run',
    ]);
    expect((await rig.run(chain('other'))).outcomes).toEqual({ a: 'hit', b: 'ran', c: 'ran' });
  });

  it('is rebuilt also where it is one of a collection', async () => {
    const collected = (text: string) => ({
      a: { type: large, settings: { text: 'a' } },
      b: { type: puppet, settings: { text }, each: ['a'] },
    });
    lose(await rig.run(collected('b')), 'a');
    expect((await rig.plan(collected('other'))).stages.map(({ state }) => state)).toEqual(['run', 'run']);
    expect((await rig.run(collected('other'))).outcomes).toEqual({ a: 'ran', b: 'ran' });
  });

  it('comes back from its record where it is small', async () => {
    const pipeline = (last: string) => ({
      a: { type: puppet, settings: { text: 'a' } },
      b: { type: puppet, settings: { text: last }, inputs: { in: 'a' } },
    });
    const first = await rig.run(pipeline('one'));
    lose(first, 'a');
    const second = await rig.run(pipeline('two'));
    expect(second.outcomes).toEqual({ a: 'hit', b: 'ran' });
    expect(rig.output(second, 'b')).toBe('two+a');
  });

  it('is noticed when it is damaged, only when it is opened, and rebuilt within the run', async () => {
    const first = await rig.run(chain());
    lose(first, 'a');
    damage(first, 'b');
    expect((await rig.plan(chain('other'))).stages.map(({ state }) => state)).toEqual(['hit', 'hit', 'run']);
    const second = await rig.run(chain('other'));
    expect(second.outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
    expect(second.events.filter(({ type }) => type === 'cache-problem')).toContainEqual(
      expect.objectContaining({ code: 'corrupt-object', quarantined: expect.any(String) }),
    );
    expect(rig.output(second, 'c')).toBe(`other+${'b'.repeat(70_000)}+${'a'.repeat(70_000)}`);
  });

  it('that was a hit and is missed later is told as lost once, then as run, for a reason of its own', async () => {
    const stages = (text: string) => ({
      a: { type: large, settings: { text: 'a' } },
      b: { type: puppet, settings: { text } },
      c: { type: puppet, settings: { text: 'c' }, inputs: { one: 'a', other: 'b' } },
    });
    lose(await rig.run(stages('b')), 'a');
    const { events } = await rig.run(stages('another')); // only b's new output tells that c reads a
    expect(events.filter(({ type }) => type === 'cache-problem')).toHaveLength(1);
    const story = events.flatMap((event) =>
      'stage' in event && event.stage === 'a' && 'reason' in event && typeof event.reason === 'object'
        ? [`${event.type}: ${event.reason.message}`]
        : [],
    );
    const lost = 'its output out is lost, and c reads it';
    expect(story).toEqual([
      expect.stringContaining('stage-planned: cached from run'),
      expect.stringContaining('stage-finished: cached from run'),
      `stage-planned: ${lost}`,
      `stage-started: ${lost}`,
      `stage-finished: ${lost}`,
    ]);
  });

  it('that comes out otherwise replaces the record, and what was made of the old one is stale', async () => {
    const pipeline = (last: string) => ({
      a: { type: large, settings: rig.led('a') },
      b: { type: puppet, settings: { text: 'b' }, inputs: { in: 'a' } },
      c: { type: puppet, settings: { text: last }, inputs: { in: 'a' } },
    });
    const run = rig.start(pipeline('c'));
    (await rig.puppet('a')).send({ do: 'finish', text: 'old'.repeat(30_000) });
    const first = await run.finished;
    lose(first, 'a');

    const again = rig.start(pipeline('other'));
    (await rig.puppet('a')).send({ do: 'finish', text: 'new'.repeat(30_000) });
    const second = await again.finished;
    expect(second.outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
    expect(second.events.filter(({ type }) => type === 'cache-problem')).toContainEqual(
      expect.objectContaining({ code: 'replaced-record' }),
    );
    expect((await rig.run(pipeline('other'))).outcomes).toEqual({ a: 'hit', b: 'hit', c: 'hit' });
  });

  it('of a file that the pipeline names is stored again', async () => {
    rig.write('data.txt', 'data'.repeat(30_000));
    const pipeline = (text: string) => ({
      a: { type: puppet, settings: { text }, inputs: { data: './data.txt' } },
    });
    await rig.run(pipeline('one'));
    rmSync(`${rig.artifacts}/cache/objects`, { recursive: true });
    expect((await rig.run(pipeline('two'))).outcomes).toEqual({ a: 'ran' });
  });
});
