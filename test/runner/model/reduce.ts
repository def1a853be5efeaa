import type { History, RunSketch, Step } from './history.ts';
import type { InputSketch, PipelineSketch, StageSketch } from './sketch.ts';

/**
 * Smaller histories, the largest cuts first. (fast-check would shrink numbers of which most choices are made; here a
 * stage in the middle of a graph can go, and what is left is as it was.)
 */
export function* smallerHistories(history: History): Generator<History> {
  const { pipeline, steps } = history;
  for (const fewer of without(steps)) if (fewer.length > 0) yield { ...history, steps: fewer };
  for (const smaller of smallerPipelines(pipeline)) yield { ...history, pipeline: smaller };
  for (const [index, step] of steps.entries()) {
    for (const simpler of simplerSteps(step)) yield { ...history, steps: steps.with(index, simpler) };
  }
  for (const [index, stage] of pipeline.stages.entries()) {
    for (const simpler of simplerStages(stage)) {
      const stages = pipeline.stages.with(index, simpler);
      yield {
        ...history,
        pipeline: { ...pipeline, stages: stages.map((each) => withSources(each, stages)) },
      };
    }
  }
  if (history.files.some(({ first, second }) => first + second > 0)) {
    yield { ...history, files: history.files.map(() => ({ first: 0, second: 0 })) };
  }
}

/** A list without one half or the other, then without each item. */
function* without<T>(items: readonly T[]): Generator<readonly T[]> {
  const half = Math.floor(items.length / 2);
  if (half > 1) yield* [items.slice(0, half), items.slice(half)];
  for (let index = items.length - 1; index >= 0; index--) yield items.toSpliced(index, 1);
}

function* smallerPipelines({ axes, stages }: PipelineSketch): Generator<PipelineSketch> {
  for (const fewer of without(stages)) {
    if (fewer.length > 0) yield { axes, stages: fewer.map((stage) => withSources(stage, fewer)) };
  }
  for (const fewer of without(axes)) yield { axes: fewer, stages };
}

/** A stage that takes only what there is still: of a stage that has lost an output, the first. */
function withSources(stage: StageSketch, stages: readonly StageSketch[]): StageSketch {
  const inputs = stage.inputs.flatMap((input): InputSketch[] => {
    if ('file' in input) return [input];
    const outputs = stages.find(({ name }) => name === input.stage)?.work.outputs;
    if (!outputs) return [];
    return [outputs.includes(input.output) ? input : { ...input, output: outputs[0]! }];
  });
  return { ...stage, inputs };
}

function* simplerSteps({ changes, run, rival }: Step): Generator<Step> {
  if (rival) yield { changes, run };
  for (const fewer of without(changes)) yield { changes: fewer, run, rival };
  const simple: RunSketch = {
    jobs: 1,
    only: undefined,
    force: undefined,
    interrupts: [],
    isStubborn: false,
    durations: [0],
  };
  for (const simpler of eachReplaced(run, simple)) yield { changes, run: simpler, rival };
  for (const interrupts of without(run.interrupts)) yield { changes, run: { ...run, interrupts }, rival };
  if (!rival) return;
  for (const simpler of eachReplaced(rival, { ...simple, startsAt: 0 })) {
    yield { changes, run, rival: { ...rival, ...simpler } };
  }
}

function* simplerStages(stage: StageSketch): Generator<StageSketch> {
  for (const inputs of without(stage.inputs)) yield { ...stage, inputs };
  const simple = { type: 'in-place', axes: [], collects: false, optional: false } as const;
  yield* eachReplaced(stage, { ...simple, resources: { cpu: 1, gpu: 0, memory: 0 } });
  const simpleWork = { reads: 'all', fails: 'never', flaky: 0, retries: 0 } as const;
  for (const work of eachReplaced(stage.work, simpleWork)) yield { ...stage, work };
  if (stage.work.outputs.length > 1) {
    for (const output of stage.work.outputs) yield { ...stage, work: { ...stage.work, outputs: [output] } };
  }
}

/** An object with one property after another replaced by a simpler value, where it is not that already. */
function* eachReplaced<T extends object>(object: T, simple: Partial<T>): Generator<T> {
  for (const [name, value] of Object.entries(simple)) {
    if (JSON.stringify(object[name as keyof T]) !== JSON.stringify(value)) yield { ...object, [name]: value };
  }
}
