import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Sources } from '../../pipeline/yaml/sources.ts';
import { type Selection, selectStages } from '../../runner/plan/stage-graph.ts';

/** The files that a pipeline was read from, or would be if they were there: all that is known of one that is wrong. */
export function pipelineFiles(sources: Sources): readonly string[] {
  return [...sources.paths, ...sources.seen.keys()];
}

/** The files and folders that stages read, and the baselines that they are compared with. */
export function stageFiles(pipeline: Pipeline, selection: Selection): readonly string[] {
  return selectStages(pipeline, selection).flatMap(({ inputs, execution: { failIf } }) => [
    ...Object.values(inputs).flatMap((source) => (source.kind === 'file' ? [source.path] : [])),
    ...(failIf !== undefined && 'file' in failIf.worseThan ? [failIf.worseThan.file] : []),
  ]);
}
