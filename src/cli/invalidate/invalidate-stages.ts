import { Invalidations } from '../../cache/records/invalidations.ts';
import { latestKey } from '../../cache/records/latest.ts';
import type { Digest } from '../../files/digest.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import type { PlannedStage } from '../../runner/plan/planned-stage.ts';
import { stageIds } from '../../runner/plan/stage-graph.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';

/**
 * Marks the results of stages, so that the next run makes them again, and says of each what it did. Where what a stage does
 * is not known before others have run, it is what it did last.
 */
export async function invalidateStages(
  file: string,
  names: readonly string[],
  options: PipelineOptions,
): Promise<void> {
  const artifacts = artifactsDirectory(file, options);
  const pipeline = await openPipeline(file, options);
  const ids = new Set(stageIds(pipeline, names));
  const workspace = openWorkspace(artifacts, tellCacheProblem);
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: true,
    only: [...ids],
    onProblem: tellCacheProblem,
  });
  const invalidations = new Invalidations(workspace.cacheDirectory);
  for (const planned of stages.filter(({ stage }) => ids.has(stage.id))) {
    const { id } = planned.stage;
    const key = await keyOfResult(planned, pipeline.name, workspace);
    if (key === undefined) show(process.stdout, `${id}  has no result, so it runs in any case`);
    else {
      await invalidations.add(key);
      show(process.stdout, `${id}  the next run makes its result again`);
    }
  }
}

async function keyOfResult(
  { stage, action, record }: PlannedStage,
  pipeline: string,
  { cacheDirectory, records }: Workspace,
): Promise<Digest | undefined> {
  if (record !== undefined) return record.key;
  if (action !== undefined) return undefined;
  const key = await latestKey(cacheDirectory, { pipeline, stage: stage.id });
  return key !== undefined && (await records.find(key)).length > 0 ? key : undefined;
}
