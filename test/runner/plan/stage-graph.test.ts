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
