import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Digest } from '../../files/digest.ts';
import { digestOfBytes } from '../../files/digest.ts';
import { explained, ifThere } from '../../files/system-problem.ts';
import { readRun } from '../../runner/events/run-store.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { UserError } from '../user-error.ts';
import { pageFile } from './page-files.ts';

/**
 * Copies the reports that a run made out of the cache, each next to the last one of its stage, and gives their paths. Throws a
 * UserError for a run that is unknown or has none.
 */
export async function pagesOfRun(name: string, artifacts: string): Promise<readonly string[]> {
  const { runsDirectory, objects } = openWorkspace(artifacts, tellCacheProblem);
  const stored = /^[\w-]+$/.test(name) ? await readRun(runsDirectory, name) : undefined;
  if (stored === undefined) throw new UserError(`${name} is neither a file nor a run`, 'pipe status');
  const { about, events } = stored;
  const reports = new Set(
    events
      .flatMap((event) => (event.type === 'run-started' ? event.stages : []))
      .flatMap(({ stage, uses }) => (uses === 'report' ? [stage] : [])),
  );
  const pages: string[] = [];
  for (const event of events) {
    if (event.type !== 'stage-finished' || !reports.has(event.stage)) continue;
    for (const { digest, bytes } of Object.values(event.outputs)) {
      const page = pageFile(artifacts, about.pipeline, `${event.stage} of ${name}`);
      pages.push(page);
      if (ifThere(() => digestOfBytes(readFileSync(page))) === digest) continue;
      await rm(page, { force: true });
      const copy = () => objects.materialize({ artifact: 'file', digest: digest as Digest, bytes }, page);
      if (!(await explained(`write ${page}`, copy)))
        throw new UserError(`the page of ${event.stage} is no longer in the cache`, `pipe run ${about.file}`);
    }
  }
  if (pages.length === 0) throw new UserError(`the run ${name} has made no page`, 'pipe status');
  return pages;
}
