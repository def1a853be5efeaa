import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { readMemo, writeMemo } from '../../../src/files/memo.ts';
import type { Plan } from '../../../src/runner/plan/plan.ts';
import { openWorkspace } from '../../../src/runner/workspace.ts';
import { record } from '../../cache/examples.ts';
import { isolated, large, observing, puppet } from '../fixtures/stage-types.ts';
import { Rig } from '../rig.ts';

let rig: Rig;

beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

/** `train: run, not run before` for each stage. */
function lines(plan: Plan): string[] {
  return plan.stages.map(({ stage, state, reason }) => `${stage.id}: ${state}, ${reason.message}`);
}

describe('a plan', () => {
  const pipeline = (text = 'a', data = './data.txt') => ({
    a: { type: puppet, settings: { text }, inputs: { data } },
    b: { type: puppet, settings: { text: 'b' }, inputs: { in: 'a' } },
    c: { type: puppet, settings: { text: 'c' }, inputs: { in: 'b' } },
  });

  it('says of each stage whether it runs, and why', async () => {
    rig.write('data.txt', 'data');
    expect(lines(await rig.plan(pipeline()))).toEqual([
      'a: run, not run before',
      'b: may-run, after a',
      'c: may-run, after b',
    ]);
    const { summary } = await rig.run(pipeline());
    const cached = `hit, cached from run ${summary.run}`;
    expect(lines(await rig.plan(pipeline()))).toEqual([`a: ${cached}`, `b: ${cached}`, `c: ${cached}`]);
    const changed = await rig.plan(pipeline('other'));
    expect(lines(changed)[0]).toBe('a: run, text "a" -> "other"');
    expect(changed.stages[0]?.reason).toEqual({
      code: 'changed',
      message: 'text "a" -> "other"',
      changes: [{ path: 'settings.text', before: 'a', after: 'other' }],
    });
  });

  it('knows files by their content: not by time, and not by name', async () => {
    rig.write('data.txt', 'data');
    await rig.run(pipeline());
    rig.write('data.txt', 'data'); // touched
    rig.write('renamed.txt', 'data');
    expect((await rig.plan(pipeline('a', './renamed.txt'))).stages.map(({ state }) => state)).toEqual([
      'hit',
      'hit',
      'hit',
    ]);
    rig.write('data.txt', 'atad');
    expect(lines(await rig.plan(pipeline()))[0]).toMatch(/^a: run, input data [0-9a-f]{12} -> [0-9a-f]{12}$/);
  });

  it('counts the values of variables that are declared, and never shows a secret', async () => {
    const declared = { a: { type: puppet, settings: { text: 'a' }, env: ['SEED'], secrets: ['TOKEN'] } };
    const environment = { PATH: process.env.PATH, SEED: '1', TOKEN: 'hidden' };
    await rig.run(declared, { environment });
    const other = await rig.plan(declared, { environment: { ...environment, SEED: '2', TOKEN: 'other' } });
    expect(lines(other)).toEqual(['a: run, variable SEED "1" -> "2"']);
    expect(
      (await rig.plan(declared, { environment: { ...environment, TOKEN: 'other' } })).stages[0]?.state,
    ).toBe('hit');
    expect(rig.filesThatHold('hidden')).toEqual([]);
  });

  it('compares a stage that was never run under its name with the one that is most like it', async () => {
    const stage = (text: string, seed: string, inputs: Record<string, string> = { data: './data.txt' }) => ({
      type: puppet,
      settings: { text },
      inputs,
      env: [seed],
    });
    rig.write('data.txt', 'data');
    const environment = { PATH: process.env.PATH, ONE: '1', TWO: '2' };
    await rig.run(
      {
        near: stage('a', 'ONE'),
        far: stage('b', 'TWO'),
        other: {
          ...stage('c', 'ONE'),
          type: observing,
          settings: { text: 'c', world: rig.write('w', '{}') },
        },
      },
      { environment },
    );
    const plan = await rig.plan(
      { renamed: stage('c', 'ONE'), new: stage('a', 'ONE', {}), far: stage('c', 'TWO') },
      { environment },
    );
    expect(lines(plan)).toEqual([
      'renamed: run, not run before; compared with near: text "a" -> "c"',
      'new: run, not run before',
      'far: run, text "b" -> "c"',
    ]);
    expect(plan.stages[0]!.reason).toMatchObject({
      code: 'never-run',
      compared_with: 'near',
      changes: [{ path: 'settings.text', before: 'a', after: 'c' }],
    });
  });

  it('reads the file inputs of a forced stage, whatever is remembered of them', async () => {
    const text = digestOfBytes(readFileSync(rig.write('data.txt', 'data')));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
    try {
      await rig.plan(pipeline());
      const folder = `${rig.artifacts}/cache/file-inputs`;
      const memo = `${folder}/${readdirSync(folder)[0]}`;
      const known = readMemo(memo) as { fingerprint: string };
      const wrong = await openWorkspace(rig.artifacts, () => {}).objects.putBytes('else');
      await writeMemo(`${rig.artifacts}/cache`, memo, { ...known, artifact: wrong });
      const inputOf = (plan: Plan) => plan.stages[0]!.action!.inputs.data!.artifact.digest;
      expect(inputOf(await rig.plan(pipeline(), { force: ['b'] }))).toBe(wrong.digest); // it was not read
      expect(inputOf(await rig.plan(pipeline(), { force: ['a'] }))).toBe(text);
    } finally {
      vi.useRealTimers();
    }
  });

  it('says of a file that cannot be stored why the stages that read it will fail', async () => {
    const plan = await rig.plan({ ...pipeline(), other: { type: puppet, settings: { text: 'o' } } });
    expect(lines(plan)).toEqual([
      expect.stringMatching(/^a: run, the input .*data\.txt does not exist$/),
      'b: may-run, after a',
      'c: may-run, after b',
      'other: run, not run before',
    ]);
    expect(plan.stages[0]?.reason.code).toBe('failed');
  });

  it('takes no error of its own for a file that cannot be stored', async () => {
    const chain = {
      a: { type: puppet, settings: { text: 'a' } },
      b: { type: puppet, settings: { text: 'b' }, inputs: { in: 'a' } },
    };
    const { manifest } = (await rig.plan(chain)).stages[0]!.action!;
    await openWorkspace(rig.artifacts, () => {}).records.add(record({ manifest, outputs: {} }));
    await expect(rig.plan(chain)).rejects.toThrow(
      'Internal error: the record of stage "a" has no output "out"',
    );
  });

  it('counts the run bit of a file where the stage gets a copy, and nowhere else', async () => {
    const file = rig.write('script', 'echo');
    const stages = {
      reads: { type: puppet, settings: { text: 'r' }, inputs: { script: './script' } },
      starts: { type: isolated, settings: { text: 's' }, inputs: { script: './script' } },
    };
    await rig.run(stages);
    chmodSync(file, 0o755);
    const plan = await rig.plan(stages);
    expect(lines(plan)).toEqual([
      expect.stringContaining('reads: hit'),
      'starts: run, input script is executable now',
    ]);
    await rig.run(stages);
    chmodSync(file, 0o644);
    expect(lines(await rig.plan(stages))).toEqual([
      expect.stringContaining('reads: hit'),
      expect.stringContaining('starts: hit'), // as it was at first
    ]);
  });

  it('takes what a forced stage gave before as what it most likely gives again', async () => {
    rig.write('data.txt', 'data');
    await rig.run(pipeline());
    expect(lines(await rig.plan(pipeline(), { force: ['a'] }))).toEqual([
      'a: run, forced',
      'b: may-run, after a',
      'c: may-run, after b',
    ]);
  });

  it('runs a forced stage whatever becomes of those before it, and the reason is that it is forced', async () => {
    rig.write('data.txt', 'data');
    const plan = await rig.plan(pipeline(), { force: ['b'] });
    expect(lines(plan)).toEqual(['a: run, not run before', 'b: run, forced', 'c: may-run, after b']);
    expect(plan.stages[1]?.reason.code).toBe('forced');
    await rig.run(pipeline());
    expect(lines(await rig.plan(pipeline(), { force: ['b'] }))).toEqual([
      expect.stringContaining('a: hit'),
      'b: run, forced',
      'c: may-run, after b',
    ]);
  });

  it('holds the stages that are wanted with all that they need, and no other', async () => {
    rig.write('data.txt', 'data');
    expect(lines(await rig.plan(pipeline(), { only: ['b'] }))).toEqual([
      'a: run, not run before',
      'b: may-run, after a',
    ]);
  });

  it('refuses stages that the pipeline does not have', async () => {
    const refusal = 'pipeline test has no stage `x`';
    await expect(rig.plan(pipeline(), { force: ['x'] })).rejects.toThrow(refusal);
    await expect(rig.plan(pipeline(), { only: ['x'] })).rejects.toThrow(refusal);
  });

  it('names each stage whose new outputs decide', async () => {
    const { reason } = (
      await rig.plan({
        a: { type: puppet, settings: { text: 'a' } },
        b: { type: puppet, settings: { text: 'b' } },
        c: { type: puppet, settings: { text: 'c' }, inputs: { one: 'a', other: 'b' } },
      })
    ).stages[2]!;
    expect(reason).toEqual({ code: 'upstream', message: 'after a, b', after: ['a', 'b'] });
  });

  it('counts two stages that are the same action as one', async () => {
    const twins = {
      a: { type: puppet, settings: { text: 'x' } },
      b: { type: puppet, settings: { text: 'x' } },
    };
    const plan = await rig.plan(twins);
    expect(lines(plan)).toEqual(['a: run, not run before', 'b: may-run, the same action as a']);
    expect(plan.stages[1]?.reason).toMatchObject({ code: 'upstream', after: ['a'] });
    await rig.run(twins);
    expect((await rig.plan(twins)).stages.map(({ state }) => state)).toEqual(['hit', 'hit']);
    expect(lines(await rig.plan(twins, { force: ['a', 'b'] }))).toEqual([
      'a: run, forced',
      'b: may-run, the same action as a',
    ]);
  });

  it('misses lost outputs only of what runs', async () => {
    const chain = (text: string) => ({
      a: { type: large, settings: { text: 'a' } },
      b: { type: puppet, settings: { text }, inputs: { in: 'a' } },
    });
    const { stage } = await rig.run(chain('b'));
    rmSync(rig.objectFile(stage('a').outputs.out!.digest));
    expect((await rig.plan(chain('b'))).stages.map(({ state }) => state)).toEqual(['hit', 'hit']);
    expect(lines(await rig.plan(chain('other')))).toEqual([
      'a: run, its output out is lost, and b reads it',
      'b: run, text "b" -> "other"',
    ]);
    const forced = await rig.plan(chain('other'), { force: ['a'] });
    expect(lines(forced)).toEqual(['a: run, forced', 'b: run, text "b" -> "other"']);
    expect(forced.mustRun.get('a')?.code).toBe('forced'); // and not that it is lost
  });
});

describe('facts of the world that decide a result', () => {
  let world: string;
  const pipeline = (text = 'a') => ({ a: { type: observing, settings: { text, world } } });
  const turnTo = (facts: object) => {
    writeFileSync(world, JSON.stringify(facts));
    rig.forgetFacts();
  };

  beforeEach(async () => {
    world = rig.write('world.json', '{"model":"one"}');
    await rig.run(pipeline());
  });

  it('make a result stale when they change, and a hit again when they change back', async () => {
    turnTo({ model: 'two' });
    expect((await rig.plan(pipeline())).stages[0]).toMatchObject({
      state: 'run',
      reason: {
        code: 'observed-changed',
        message: 'observed model "one" -> "two"',
        changes: [{ path: 'observed.model', before: 'one', after: 'two' }],
      },
    });
    expect((await rig.run(pipeline())).outcomes).toEqual({ a: 'ran' });
    expect((await rig.run(pipeline())).outcomes).toEqual({ a: 'hit' });
    turnTo({ model: 'one' });
    expect((await rig.run(pipeline())).outcomes).toEqual({ a: 'hit' });
  });

  it('that cannot be asked for leave the hit, marked as not verified', async () => {
    rmSync(world);
    rig.forgetFacts();
    expect((await rig.plan(pipeline())).stages[0]).toMatchObject({
      state: 'hit',
      reason: {
        code: 'cached-not-verified',
        message: expect.stringMatching(/^cached, not re-verified: ENOENT/),
      },
    });
  });

  it('leave nothing to verify where there are none', async () => {
    turnTo({});
    await rig.run(pipeline('b'));
    expect((await rig.plan(pipeline('b'), { offline: true })).stages[0]).toMatchObject({
      state: 'hit',
      reason: { code: 'cached' },
    });
  });

  it('are not asked for offline', async () => {
    turnTo({ model: 'two' });
    expect((await rig.plan(pipeline(), { offline: true })).stages[0]).toMatchObject({
      state: 'hit',
      reason: { code: 'cached-not-verified', message: 'cached, not re-verified: offline' },
    });
  });

  it('are asked for once a minute', async () => {
    writeFileSync(world, '{"model":"two"}'); // as the run before was told a moment ago, this is not seen yet
    expect((await rig.plan(pipeline())).stages[0]).toMatchObject({
      state: 'hit',
      reason: { code: 'cached' },
    });
  });
});
