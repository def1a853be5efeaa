import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Sources } from '../../pipeline/yaml/sources.ts';
import { type Selection, selectStages } from '../../runner/plan/stage-graph.ts';
import type { WatchedPath } from './file-states.ts';

/** The files that a pipeline was read from, or would be if they were there: all that is known of one that is wrong. */
export function pipelineFiles(sources: Sources): readonly WatchedPath[] {
  // A folder is watched as the inputs read it, without what they leave out.
  const seen = [...sources.seen].flatMap(([path, kind]) => (kind === 'directory' ? [] : [path]));
  return [...sources.paths, ...seen].map((path) => ({ path }));
}

/** The files and folders that stages read, the code of the user's own stages, and the baselines of comparisons. */
export function stageFiles(pipeline: Pipeline, selection: Selection): readonly WatchedPath[] {
  const read = selectStages(pipeline, selection).flatMap(({ inputs, execution: { failIf } }) => [
    ...Object.values(inputs).flatMap((source) => (source.kind === 'file' ? [source] : [])),
    ...(failIf !== undefined && 'file' in failIf.worseThan ? [{ path: failIf.worseThan.file }] : []),
  ]);
  const code = Object.values(pipeline.ownStages ?? {}).flatMap(({ files, absent, links }) =>
    [...Object.keys(files), ...absent, ...Object.keys(links)].map((path) => ({ path })),
  );
  return [...read, ...code];
}
