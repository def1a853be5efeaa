import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Explanation } from '../events/explanation.ts';
import type { StoredRun } from '../events/stored-run.ts';
import type { Workspace } from '../workspace.ts';
import { Explainer } from './explain.ts';
import { type Beginning, pastScene } from './scene.ts';

/** Explains the stages of a run that is at work as they begin; `run.events` are those so far. */
export function explainInRun(
  pipeline: Pipeline,
  run: Pick<StoredRun, 'events'> & { readonly about: Pick<StoredRun['about'], 'run'> },
  workspace: Workspace,
): (beginning: Beginning) => Promise<readonly Explanation[]> {
  const explainer = new Explainer(pipeline, workspace);
  return (beginning) => explainer.explain(pastScene(pipeline, run, workspace, beginning), beginning.stage);
}
