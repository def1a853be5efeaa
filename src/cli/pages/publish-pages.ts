import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { RunEvent } from '../../runner/events/run-event.ts';
import { type OpenRemote, openWorkspace } from '../../runner/workspace.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { typedCommand } from '../typed-command.ts';
import { copyPage } from './copy-page.ts';
import { indexFile, pageFile } from './page-files.ts';

type StageFinished = Extract<RunEvent, { type: 'stage-finished' }>;

/**
 * Copies the HTML pages of an up-to-date pipeline to `artifacts/reports/<pipeline>/<stage>.html`, where a browser can
 * open them (in the store files have digests for names), and lists all pages in `artifacts/reports/index.html`. Returns
 * their paths, relative to the current folder. Of a page that is damaged in the store standard error says how to remake it;
 * `argv` is the command line of the run.
 */
export async function publishPages(
  pipeline: Pipeline,
  finished: readonly StageFinished[],
  { artifacts, openRemote }: { readonly artifacts: string; readonly openRemote: OpenRemote | undefined },
  argv: readonly string[],
): Promise<readonly string[]> {
  const { objects } = openWorkspace(artifacts, tellCacheProblem, openRemote);
  const published: string[] = [];
  let changed = !existsSync(indexFile(artifacts));
  for (const { stage: id, outputs } of finished) {
    const declared = pipeline.stages.find((stage) => stage.id === id)?.outputs ?? {};
    for (const [name, output] of Object.entries(outputs)) {
      if (!declared[name]?.path.endsWith('.html')) continue;
      const page = pageFile(artifacts, pipeline.name, id);
      const copied = await copyPage(objects, output, page);
      changed ||= copied !== 'there';
      if (copied !== 'lost') published.push(relative('.', page));
      else {
        const remake = typedCommand([...argv, '--force', id]);
        process.stderr.write(`cache: the page of ${id} is lost; make it again with: ${remake}\n`);
      }
    }
  }
  if (changed && published.length > 0) {
    const { writeIndex } = await import('./index-page.ts');
    await writeIndex(artifacts);
  }
  return published;
}
