import type { Workspace } from '../workspace.ts';
import type { Frozen } from './decide.ts';
import type { PlannedStage } from './planned-stage.ts';
import type { StageProblem } from './stage-problem.ts';

/**
 * Why a frozen run would not do: stages that are stale and may not run, and stages that may but cannot, because a file
 * that they read is neither in its place nor in the cache.
 */
export async function refusalsOf(
  stages: readonly PlannedStage[],
  runnable: ReadonlySet<string>,
  frozen: Frozen,
  workspace: Workspace,
): Promise<readonly StageProblem[]> {
  const refusals: StageProblem[] = [];
  for (const planned of stages) {
    const { stage, state, reason } = planned;
    if (state === 'hit') continue;
    if (reason.code === 'failed') refusals.push({ stage: stage.id, message: reason.message, reason });
    else if (!runnable.has(stage.id)) {
      const message = `it is not up to date, and --frozen keeps it from running: ${reason.message}`;
      refusals.push({ stage: stage.id, message, reason, hint: `Run it with: ${frozen.command(stage.id)}` });
    } else refusals.push(...(await lackedBy(planned, workspace)));
  }
  return refusals;
}

/** The absent files of a stage whose bytes are not in the cache either. */
async function lackedBy(
  { stage, action }: PlannedStage,
  { objects }: Workspace,
): Promise<readonly StageProblem[]> {
  const problems: StageProblem[] = [];
  for (const [name, { artifact, from }] of Object.entries(action?.inputs ?? {})) {
    if (!('recorded' in from) || (await objects.contains(artifact))) continue;
    problems.push({
      stage: stage.id,
      message: `its input ${name} (${from.path}) does not exist, and the cache has no copy of it`,
      hint: 'Restore the file, or unpack a bundle that holds it: pipe unbundle FILE',
    });
  }
  return problems;
}
