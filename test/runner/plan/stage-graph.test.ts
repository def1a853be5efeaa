import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pipeline, Stage } from '../../../src/pipeline/pipeline.ts';
import {
  producersOf,
  selectStages,
  stageIds,
  UnknownStageError,
} from '../../../src/runner/plan/stage-graph.ts';
import { pipelineOf } from '../fixtures/pipeline-of.ts';
import { puppet } from '../fixtures/stage-types.ts';

const stage = (inputs: Record<string, string> = {}) => ({ type: puppet, settings: {}, inputs });

/** Two variants of `train` read `data`, `report` reads both as one collection, and one of them by name; `alone` has nothing to do with them. */
const pipeline: Pipeline = withNames(
  pipelineOf('/somewhere', {
    data: stage({ text: './data.txt' }),
    'train[rate=1]': stage({ in: 'data' }),
    'train[rate=2]': stage({ in: 'data' }),
    report: { ...stage({ base: 'train[rate=2]' }), each: ['train[rate=1]', 'train[rate=2]'] },
    alone: stage(),
  }),
);

function withNames(pipeline: Pipeline): Pipeline {
  const stages = pipeline.stages.map((stage): Stage => ({ ...stage, name: stage.id.replace(/\[.*/, '') }));
  return { ...pipeline, stages };
}

const producers = (id: string) => producersOf(pipeline.stages.find((stage) => stage.id === id)!);
const selected = (only?: string[]) => selectStages(pipeline, { ...(only && { only }) }).map(({ id }) => id);

describe('the producers of a stage', () => {
  it('are the stages whose outputs it reads, each once; a file has none', () => {
    expect(producers('data')).toEqual([]);
    expect(producers('train[rate=1]')).toEqual(['data']);
    expect(producers('report')).toEqual(['train[rate=2]', 'train[rate=1]']);
  });
});

describe('the stages that are selected', () => {
  it('are all where nothing is named, and none where nothing is left', () => {
    expect(selected()).toEqual(pipeline.stages.map(({ id }) => id));
    expect(selected([])).toEqual([]);
  });

  it('are those that are named with all that they need, producers first', () => {
    expect(selected(['train[rate=2]'])).toEqual(['data', 'train[rate=2]']);
    expect(selected(['alone', 'report'])).toEqual(pipeline.stages.map(({ id }) => id));
    expect(selected(['report'])).toEqual(['data', 'train[rate=1]', 'train[rate=2]', 'report']);
  });
});

describe('a selection of a random graph', () => {
  const graph = fc.array(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }), {
    minLength: 1,
    maxLength: 12,
  });
  const names = fc.option(fc.array(fc.nat(11), { minLength: 1, maxLength: 3 }), { nil: undefined });

  it('is what all its parts name, with all that this needs, and nothing else', () => {
    fc.assert(
      fc.property(graph, names, names, names, (distances, only, from, until) => {
        const needs = distances.map((list, index) => [
          ...new Set(list.filter((distance) => distance <= index).map((distance) => index - distance)),
        ]);
        const inputs = (list: readonly number[]) =>
          Object.fromEntries(list.map((need) => [`i${need}`, `s${need}`]));
        const sketches = Object.fromEntries(needs.map((list, index) => [`s${index}`, stage(inputs(list))]));
        const pipeline = pipelineOf('/somewhere', sketches);
        /** Whether there is a way of needs from one stage to another, of any length. */
        const reaches = (user: number, producer: number): boolean =>
          user === producer || needs[user]!.some((need) => reaches(need, producer));
        const within = (list: readonly number[] | undefined) => list?.map((place) => place % needs.length);
        const [o, f, u] = [within(only), within(from), within(until)];
        const wanted = needs
          .map((_, place) => place)
          .filter((place) => o?.includes(place) ?? true)
          .filter((place) => f?.some((start) => reaches(place, start)) ?? true)
          .filter((place) => u?.some((end) => reaches(end, place)) ?? true);
        const expected = needs
          .map((_, place) => place)
          .filter((place) => wanted.some((want) => reaches(want, place)))
          .map((place) => `s${place}`);
        const ids = (list: readonly number[] | undefined) => list?.map((place) => `s${place}`);
        const selection = {
          ...(o && { only: ids(o)! }),
          ...(f && { from: ids(f)! }),
          ...(u && { until: ids(u)! }),
        };
        const select = () => selectStages(pipeline, selection).map(({ id }) => id);
        if (expected.length === 0) expect(select).toThrow('no stage is left');
        else expect(select()).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the name of a stage', () => {
  it('stands for all of its variants, an id for one', () => {
    expect(stageIds(pipeline, ['train'])).toEqual(['train[rate=1]', 'train[rate=2]']);
    expect(stageIds(pipeline, ['train[rate=2]', 'data'])).toEqual(['train[rate=2]', 'data']);
  });

  it('that the pipeline does not have is refused, with the one that was most likely meant', () => {
    const refusal = (wanted: string): UnknownStageError => {
      try {
        stageIds(pipeline, ['data', wanted]);
      } catch (error) {
        if (error instanceof UnknownStageError) return error;
      }
      throw new Error(`${wanted} was not refused`);
    };
    expect(refusal('dta')).toMatchObject({
      message: 'pipeline test has no stage `dta`',
      hint: 'did you mean `data`?',
    });
    expect(refusal('trian').hint).toBe('did you mean `train`?');
    expect(refusal('train[rate=3]').hint).toBe('did you mean `train[rate=1]`?');
    expect(refusal('zzzzzzzzzz').hint).toMatch(/^its stages: `data`, `train`, /);
  });
});
