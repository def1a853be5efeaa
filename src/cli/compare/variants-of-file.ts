import type { Candidate } from '../../comparison/candidate.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Frozen } from '../../runner/plan/decide.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import type { PlannedStage } from '../../runner/plan/planned-stage.ts';
import type { OpenRemote, Workspace } from '../../runner/workspace.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { candidateOf } from './read-measurements.ts';

/** The variants of a pipeline as its file describes them now, with what their finished stages measured. Runs nothing. */
export async function variantsOfFile(
  pipeline: Pipeline,
  artifactsDirectory: string,
  workspace: Workspace,
  opened: { readonly frozen?: Frozen; readonly openRemote: OpenRemote | undefined },
): Promise<readonly Candidate[]> {
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory,
    environment: process.env,
    offline: true,
    ...opened,
    onProblem: tellCacheProblem,
  });
  const byVariant = new Map<string, PlannedStage[]>(pipeline.variants.map(({ label }) => [label, []]));
  for (const planned of stages)
    for (const label of planned.stage.variants) byVariant.get(label)!.push(planned);
  const candidates: Candidate[] = [];
  for (const { label, params } of pipeline.variants) {
    const done = byVariant
      .get(label)!
      .flatMap(({ stage, state, record }) =>
        state === 'hit' && record !== undefined ? [{ name: stage.name, type: stage.type, record }] : [],
      );
    candidates.push(await candidateOf({ name: label || pipeline.name, parameters: params }, done, workspace));
  }
  return candidates;
}
