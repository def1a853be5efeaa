import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Digest } from '../../files/digest.ts';
import { digestOfBytes } from '../../files/digest.ts';
import { explained, ifThere } from '../../files/system-problem.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { runNamed } from '../runs/run-named.ts';
import { UserError } from '../user-error.ts';
import { pageOfRun } from './page-files.ts';

/**
 * Copies the reports that a run made out of the cache and gives their paths by the ids of their stages. `name` is
 * its id, the end of it, or `last`. Throws a UserError for a run that is unknown or has none.
 */
export async function pagesOfRun(name: string, artifacts: string): Promise<ReadonlyMap<string, string>> {
  const workspace = openWorkspace(artifacts, tellCacheProblem);
  const { about, events } = await runNamed(name, workspace);
  const reports = new Set(
    events
      .flatMap((event) => (event.type === 'run-started' ? event.stages : []))
      .flatMap(({ stage, uses }) => (uses === 'report' ? [stage] : [])),
  );
  const pages = new Map<string, string>();
  for (const event of events) {
    if (event.type !== 'stage-finished' || !reports.has(event.stage)) continue;
    for (const { digest, bytes } of Object.values(event.outputs)) {
      const page = pageOfRun(artifacts, about.pipeline, about.run, event.stage);
      pages.set(event.stage, page);
      if (ifThere(() => digestOfBytes(readFileSync(page))) === digest) continue;
      await rm(page, { force: true });
      const copy = () =>
        workspace.objects.materialize({ artifact: 'file', digest: digest as Digest, bytes }, page);
      if (!(await explained(`write ${page}`, copy)))
        throw new UserError(`the page of ${event.stage} is no longer in the cache`, `pipe run ${about.file}`);
    }
  }
  if (pages.size === 0)
    throw new UserError(`the run ${about.run} has made no page`, 'pipe runs lists the others');
  return pages;
}
