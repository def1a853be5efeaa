import { join } from 'node:path';
import { Type } from 'typebox';
import { defineStage, type OutputDeclaration, type StageType } from '../../../src/contract/stage-type.ts';
import type { InputSource, Pipeline, Stage } from '../../../src/pipeline/pipeline.ts';
import { type Task, taskOf } from './compute.ts';
import type { Instance, Source } from './expand.ts';
import { CAPACITY, type StageSketch } from './sketch.ts';

const PATHS = {
  out: { artifact: 'file', path: 'out' },
  big: { artifact: 'file', path: 'big' },
  dir: { artifact: 'directory', path: 'deep/dir' },
} as const;

/** Names the stage to the executor; no result depends on it. */
export interface Settings {
  readonly task: string;
  readonly label: string;
}

const base = {
  version: 1,
  summary: 'computes as the model does',
  settings: Type.Object({
    task: Type.String({ affects: 'result', description: 'JSON of a Task' }),
    label: Type.String({ affects: 'execution', description: 'id of the stage' }),
  }),
  inputs: 'any' as const,
  outputs: ({ task }: Settings) =>
    Object.fromEntries(
      (JSON.parse(task) as Task).work.outputs.map((name): [string, OutputDeclaration] => [
        name,
        { ...PATHS[name], description: name },
      ]),
    ),
  run: () => Promise.reject(new Error('the executor of the model does the work')),
};

/** One stage type would do, were it not that programs get copies and that some types run one at a time. */
const TYPES: Readonly<Record<StageSketch['type'], StageType>> = {
  'in-place': defineStage({ ...base, uses: 'in-place' }) as StageType,
  copying: defineStage({ ...base, uses: 'copying', inputAccess: 'copy' }) as StageType,
  'one-at-a-time': defineStage({ ...base, uses: 'one-at-a-time', atMost: 1 }) as StageType,
};

/** A pipeline as the loader gives it, without a YAML file. `directory` holds the files that its stages read. */
export function pipelineOf(instances: readonly Instance[], directory: string): Pipeline {
  const file = join(directory, 'pipeline.yaml');
  const place = { file, offset: 0, length: 0 };
  const sourceOf = (source: Source): InputSource => {
    if (source.kind === 'file') return { kind: 'file', path: join(directory, source.file), place };
    if (source.kind === 'output') return { kind: 'output', stage: source.stage, output: source.output };
    const each = { output: source.output, stages: Object.fromEntries(source.stages) };
    return { kind: 'each', ...each, ...(source.optional && { optional: true }) };
  };
  const stages = instances.map((instance): Stage => {
    const { id, sketch, sources } = instance;
    const settings = { task: JSON.stringify(taskOf(instance)), label: id };
    const type = TYPES[sketch.type];
    return {
      id,
      name: sketch.name,
      groups: [],
      variants: [''],
      type,
      settings,
      // Not by assignment, so that any name of an input is a name like any other.
      inputs: Object.fromEntries(sources.map((source) => [source.name, sourceOf(source)])),
      outputs: type.outputs(settings),
      env: [],
      secrets: [],
      execution: { resources: sketch.resources, timeout: undefined, retries: sketch.work.retries },
      place,
    };
  });
  return {
    name: 'model',
    file,
    files: [file],
    params: {},
    engine: 'auto',
    slots: {},
    variants: [{ label: '', params: {} }],
    stages,
    leftOut: [],
  };
}

/** What an instance takes of the machine: never more than there is. */
export function shareOf({ sketch }: Instance): StageSketch['resources'] {
  const { cpu, gpu, memory } = sketch.resources;
  return {
    cpu: Math.min(cpu, CAPACITY.cpu),
    gpu: Math.min(gpu, CAPACITY.gpu),
    memory: Math.min(memory, CAPACITY.memory),
  };
}
