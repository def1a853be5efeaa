import type { InputSource, Pipeline } from '../../pipeline/pipeline.ts';

/** An input of a stage and where it comes from: a stage's output, or a file. */
export interface DataFlow {
  readonly to: string;
  readonly input: string;
  readonly from: { readonly stage: string; readonly output: string } | { readonly file: string };
}

/** Every edge of a pipeline's graph; an input that collects over variants has one for each. */
export function edgesOf(pipeline: Pipeline): readonly DataFlow[] {
  return pipeline.stages.flatMap((stage) =>
    Object.entries(stage.inputs).flatMap(([input, source]) =>
      originsOf(source).map((from) => ({ to: stage.id, input, from })),
    ),
  );
}

function originsOf(source: InputSource): readonly DataFlow['from'][] {
  switch (source.kind) {
    case 'output':
      return [{ stage: source.stage, output: source.output }];
    case 'file':
      return [{ file: source.path }];
    case 'each':
      return Object.values(source.stages).map((stage) => ({ stage, output: source.output }));
  }
}
