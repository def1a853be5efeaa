import type { Change, RawStage } from './history.ts';
import type { InputSketch, OutputName, PipelineSketch, StageSketch } from './sketch.ts';

/** A pipeline after a change; the same for changes that are none of the pipeline's. */
export function reshape(
  pipeline: PipelineSketch,
  change: Change,
  inputNames: readonly string[],
): PipelineSketch {
  const { stages } = pipeline;
  switch (change.is) {
    case 'add': {
      const added = withRawStage(stages, change.stage, freshName(stages), inputNames);
      return { ...pipeline, stages: added };
    }
    case 'sweep':
      return { ...pipeline, axes: change.axes };
    case 'salt':
    case 'resources':
    case 'rename':
    case 'remove': {
      const changed = stages[change.stage % stages.length]!;
      const isImpossible =
        change.is === 'remove'
          ? stages.length === 1
          : change.is === 'rename' && stages.some(({ name }) => name === change.name);
      if (isImpossible) return pipeline;
      return { ...pipeline, stages: stages.flatMap((stage) => withChange(stage, changed, change)) };
    }
    default:
      return pipeline;
  }
}

/** Stages with one more, whose choices are made among those that there are. */
export function withRawStage(
  stages: readonly StageSketch[],
  raw: RawStage,
  name: string,
  inputNames: readonly string[],
): StageSketch[] {
  if (raw.twinOf !== undefined && stages.length > 0) {
    return [...stages, { ...stages[raw.twinOf % stages.length]!, name }];
  }
  const { files, needs, firstName, twinOf: _, ...rest } = raw;
  const sources: Omit<InputSketch, 'name'>[] = [
    ...files.map((file) => ({ file })),
    ...needs.flatMap(({ back, output }) => {
      if (stages.length === 0) return [];
      const producer = stages[stages.length - 1 - (back % stages.length)]!;
      const { outputs } = producer.work;
      return [{ stage: producer.name, output: outputs[output % outputs.length]! as OutputName }];
    }),
  ];
  const inputs = sources.map(
    (source, index) =>
      ({ name: inputNames[(firstName + index) % inputNames.length]!, ...source }) as InputSketch,
  );
  return [...stages, { ...rest, name, inputs }];
}

function withChange(
  stage: StageSketch,
  changed: StageSketch,
  change: Extract<Change, { is: 'salt' | 'resources' | 'rename' | 'remove' }>,
): StageSketch[] {
  if (stage !== changed) return [withProducer(stage, changed.name, change)];
  switch (change.is) {
    case 'salt':
      return [{ ...stage, work: { ...stage.work, salt: change.salt } }];
    case 'resources':
      return [{ ...stage, resources: change.resources }];
    case 'rename':
      return [{ ...stage, name: change.name }];
    case 'remove':
      return [];
  }
}

/** What reads from a stage that is renamed or removed goes along. */
function withProducer(stage: StageSketch, producer: string, change: Change): StageSketch {
  const inputs = stage.inputs.flatMap((input): InputSketch[] => {
    if (!('stage' in input) || input.stage !== producer) return [input];
    if (change.is === 'remove') return [];
    return change.is === 'rename' ? [{ ...input, stage: change.name }] : [input];
  });
  return { ...stage, inputs };
}

function freshName(stages: readonly StageSketch[]): string {
  const names = stages.map(({ name }) => name);
  for (let number = 0; ; number++) if (!names.includes(`n${number}`)) return `n${number}`;
}
