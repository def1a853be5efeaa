import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOfBytes } from '../../../src/files/digest.ts';
import type { Plan } from '../../../src/runner/plan/plan.ts';
import { large, puppet } from '../fixtures/stage-types.ts';
import { Rig, type Sketches } from '../rig.ts';

let rig: Rig;

beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.remove());

const frozen = { command: (stage: string) => `pipe run pipeline.yaml --only ${stage}` };

/** `train: it is not up to date…` for each stage that keeps a frozen run from starting. */
const refusals = (plan: Plan) => plan.refusals.map(({ stage, message }) => `${stage}: ${message}`);
const kept = (stage: string, reason: string) =>
  `${stage}: it is not up to date, and --frozen keeps it from running: ${reason}`;

const chain = (train = 't', judge = 'j') => ({
  train: { type: large, settings: { text: train } },
  judge: { type: puppet, settings: { text: judge }, inputs: { responses: 'train', labels: './labels.txt' } },
  report: { type: puppet, settings: { text: 'r' }, inputs: { scores: 'judge' } },
});

describe('a frozen plan', () => {
  beforeEach(() => {
    rig.write('labels.txt', 'labels');
  });

  it('lets nothing run that is not named, and says of each such stage why and what would run it', async () => {
    const plan = await rig.plan(chain(), { frozen });
    expect(refusals(plan)).toEqual([
      kept('train', 'not run before'),
      kept('judge', 'after train'),
      kept('report', 'after judge'),
    ]);
    expect(plan.refusals[0]!.hint).toBe('Run it with: pipe run pipeline.yaml --only train');
    expect(plan.refusals[0]!.reason).toEqual({ code: 'never-run', message: 'not run before' });
  });

  it('lets what is named run where all before it is cached', async () => {
    await rig.run(chain());
    expect(refusals(await rig.plan(chain(), { frozen }))).toEqual([]);
    expect(refusals(await rig.plan(chain('t', 'new'), { frozen, only: ['judge'] }))).toEqual([]);
    expect(refusals(await rig.plan(chain('t', 'new'), { frozen, only: ['judge,report'] }))).toEqual([]);
    expect(refusals(await rig.plan(chain('new'), { frozen, only: ['judge', 'report'] }))).toEqual([
      kept('train', 'text "t" -> "new"'),
    ]);
    expect(refusals(await rig.plan(chain(), { frozen, only: ['judge'], force: ['train'] }))).toEqual([
      kept('train', 'forced'),
    ]);
  });

  it('counts what was made and is lost as stale, if a named stage reads it', async () => {
    const { stage } = await rig.run(chain());
    rmSync(rig.objectFile(stage('train').outputs.out!.digest));
    expect(refusals(await rig.plan(chain(), { frozen, only: ['judge'] }))).toEqual([]);
    expect(refusals(await rig.plan(chain('t', 'new'), { frozen, only: ['judge'] }))).toEqual([
      kept('train', 'its output out is lost, and judge reads it'),
    ]);
  });

  it('names what was changed, and not what would be made again only for that', async () => {
    const { stage } = await rig.run(chain());
    rmSync(rig.objectFile(stage('train').outputs.out!.digest));
    expect(refusals(await rig.plan(chain('t', 'new'), { frozen, only: ['report'] }))).toEqual([
      kept('judge', 'text "j" -> "new"'),
    ]);
  });

  it('is no other plan without --frozen', async () => {
    const plan = await rig.plan(chain());
    expect(plan.refusals).toEqual([]);
    expect(plan.runnable).toBeUndefined();
  });
});

describe('an input file that is absent', () => {
  const path = () => join(rig.directory, 'labels.txt');
  beforeEach(async () => {
    rig.write('labels.txt', 'labels');
    await rig.run(chain());
    rmSync(path());
  });

  it('is taken as it is on record, and that is said', async () => {
    const { outcomes, events } = await rig.run(chain(), { frozen });
    expect(outcomes).toEqual({ train: 'hit', judge: 'hit', report: 'hit' });
    expect(events.filter(({ type }) => type === 'input-recorded')).toEqual([
      expect.objectContaining({
        stage: 'judge',
        input: 'labels',
        path: path(),
        digest: digestOfBytes('labels'),
      }),
    ]);
  });

  it('is an error as ever without --frozen', async () => {
    expect((await rig.run(chain())).outcomes.judge).toBe('failed');
  });

  it('is read from the cache by a stage that may run', async () => {
    const run = await rig.run(chain('t', 'new'), { frozen, only: ['judge'] });
    expect(run.outcomes).toEqual({ train: 'hit', judge: 'ran' });
    expect(rig.output(run, 'judge')).toContain('labels');
  });

  it('ends the run before it starts, where the cache has no copy for the stage that may run', async () => {
    rmSync(rig.objectFile(digestOfBytes('labels')));
    expect(refusals(await rig.plan(chain(), { frozen }))).toEqual([]); // hits need its digest alone
    const { summary, events } = await rig.run(chain('t', 'new'), { frozen, only: ['judge'] });
    expect(summary.outcome).toBe('preflight-failed');
    expect(events.some(({ type }) => type === 'stage-started')).toBe(false);
    expect(refusals(await rig.plan(chain('t', 'new'), { frozen, only: ['judge'] }))).toEqual([
      `judge: its input labels (${path()}) does not exist, and the cache has no copy of it`,
    ]);
  });

  it('of which nothing is on record ends the run before it starts', async () => {
    const other = { judge: { type: puppet, settings: { text: 'x' }, inputs: { labels: './other.txt' } } };
    expect(refusals(await rig.plan(other, { frozen, only: ['judge'] }))).toEqual([
      `judge: the input ${join(rig.directory, 'other.txt')} does not exist`,
    ]);
  });

  it('is what it was when a stage that reads it was last up to date', async () => {
    const readers = {
      one: { type: puppet, settings: { text: 'a' }, inputs: { labels: './labels.txt' } },
      other: { type: puppet, settings: { text: 'b' }, inputs: { labels: './labels.txt' } },
    };
    rig.write('labels.txt', 'old');
    await rig.run(readers);
    rig.write('labels.txt', 'new');
    await rig.run(readers, { only: ['other'] });
    rmSync(path());
    const [old, now] = ['old', 'new'].map((text) => digestOfBytes(text).slice(0, 12));
    expect(refusals(await rig.plan(readers, { frozen }))).toEqual([
      kept('one', `input labels ${old} -> ${now}`),
    ]);
  });
});

describe('a frozen run', () => {
  it('that is refused starts nothing, and leaves no attempt and no lock', async () => {
    rig.write('labels.txt', 'labels');
    const { summary, events } = await rig.run(chain(), { frozen, only: ['judge'] });
    expect(summary.outcome).toBe('preflight-failed');
    expect(events.map(({ type }) => type)).toEqual([
      'run-started',
      'stage-planned',
      'stage-planned',
      'preflight-failed',
      'run-finished',
    ]);
    for (const folder of ['work', 'cache/locks', 'cache/actions'])
      expect(existsSync(join(rig.artifacts, folder))).toBe(false);
  });

  it('fails a stage whose output turns out to be damaged, and does not make it again', async () => {
    rig.write('labels.txt', 'labels');
    const { stage } = await rig.run(chain());
    const object = rig.objectFile(stage('train').outputs.out!.digest);
    chmodSync(object, 0o644);
    writeFileSync(object, readFileSync(object).fill('x'));
    const { outcomes, events } = await rig.run(chain('t', 'new'), { frozen, only: ['judge'] });
    expect(outcomes).toEqual({ train: 'failed', judge: 'skipped' });
    expect(events.flatMap((event) => (event.type === 'stage-started' ? [event.stage] : []))).not.toContain(
      'train',
    );
  });

  /** Stages in a row of random needs; what each was before, what is left of it, and what may run now. */
  const histories = fc.record({
    needs: fc.array(fc.array(fc.nat(), { maxLength: 2 }), { minLength: 1, maxLength: 5 }),
    changed: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    lost: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    ran: fc.nat({ max: 5 }),
    only: fc.option(fc.array(fc.nat(), { minLength: 1, maxLength: 2 }), { nil: undefined }),
    force: fc.option(fc.nat(), { nil: undefined, freq: 4 }),
  });

  it('never executes a stage that is not named, whatever was before', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ needs, changed, lost, ran, only, force }) => {
        const world = new Rig();
        try {
          const stages = (isNew: boolean): Sketches =>
            Object.fromEntries(
              needs.map((of, index) => {
                const inputs = index === 0 ? [] : of.map((one, slot) => [`i${slot}`, `s${one % index}`]);
                const text = isNew && changed[index] ? 'new' : 'old';
                return [
                  `s${index}`,
                  { type: large, settings: { text: `${text} ${index}` }, inputs: Object.fromEntries(inputs) },
                ];
              }),
            );
          const name = (index: number) => `s${index % needs.length}`;
          const before = await world.run(stages(false), {
            only: needs.slice(0, ran).map((_, index) => `s${index}`),
          });
          for (const [index, isLost] of lost.entries()) {
            if (!isLost || index >= Math.min(ran, needs.length)) continue;
            rmSync(world.objectFile(before.stage(`s${index}`).outputs.out!.digest), { force: true });
          }
          const named = only?.map(name);
          const options = {
            frozen,
            ...(named && { only: named }),
            ...(force !== undefined && { force: [name(force)] }),
          };
          const plan = await world.plan(stages(true), options);
          const { events, summary } = await world.run(stages(true), options);
          const started = events.flatMap((event) => (event.type === 'stage-started' ? [event.stage] : []));
          for (const stage of started) expect(named ?? []).toContain(stage);
          if (plan.refusals.length > 0) expect(started).toEqual([]);
          expect(summary.outcome).toBe(plan.refusals.length > 0 ? 'preflight-failed' : 'succeeded');
        } finally {
          await world.remove();
        }
      }),
      { numRuns: 40 },
    );
  });
});
