import { endingsOf, stagesOfRun } from '../../runner/events/stored-run.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { remoteOf } from '../remote/open-remote.ts';
import { runNamed } from '../runs/run-named.ts';
import { UserError } from '../user-error.ts';
import { copyPage } from './copy-page.ts';
import { pageOfRun } from './page-files.ts';

/**
 * Copies the reports that a run made out of the cache and gives their paths by the ids of their stages. `name` is
 * its id, the end of it, or `last`. Throws a UserError for a run that is unknown or has none.
 */
export async function pagesOfRun(name: string, artifacts: string): Promise<ReadonlyMap<string, string>> {
  const openRemote = await remoteOf(undefined, { upload: false });
  const workspace = openWorkspace(artifacts, tellCacheProblem, openRemote);
  const run = await runNamed(name, workspace);
  const { about } = run;
  const reports = new Set(stagesOfRun(run).flatMap(({ stage, uses }) => (uses === 'report' ? [stage] : [])));
  const pages = new Map<string, string>();
  for (const [stage, { outputs }] of endingsOf(run)) {
    if (!reports.has(stage)) continue;
    for (const output of Object.values(outputs)) {
      const page = pageOfRun(artifacts, about.pipeline, about.run, stage);
      pages.set(stage, page);
      if ((await copyPage(workspace.objects, output, page)) === 'lost')
        throw new UserError(`the page of ${stage} is no longer in the cache`, `pipe run ${about.file}`);
    }
  }
  if (pages.size === 0)
    throw new UserError(`the run ${about.run} has made no page`, 'pipe runs lists the others');
  return pages;
}
