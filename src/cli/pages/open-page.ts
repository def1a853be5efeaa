import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { show } from '../../terminal/show.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { UserError } from '../user-error.ts';
import { writeIndex } from './index-page.ts';
import { indexFile, pageFile, pagesFolder } from './page-files.ts';
import { pagesOfRun } from './pages-of-run.ts';

/**
 * Opens the page of a pipeline file or a run in the browser, or the list of all pages if nothing is named, and prints its
 * path. Of several pages it prints all and opens the first, one of all variants before those of one. Throws a UserError if
 * there is none.
 */
export async function openPage(what: string | undefined, options: PipelineOptions): Promise<void> {
  const isFile = what !== undefined && existsSync(what);
  const artifacts = artifactsDirectory(isFile ? what : undefined, options);
  const pages =
    what === undefined
      ? [await listOfPages(artifacts)]
      : wholeFirst(isFile ? await pagesOfFile(what, artifacts, options) : await pagesOfRun(what, artifacts));
  show(process.stdout, ...pages.map((page) => relative('.', page)));
  await openInBrowser(pages[0]!);
}

async function listOfPages(artifacts: string): Promise<string> {
  const list = indexFile(artifacts);
  if (existsSync(pagesFolder(artifacts))) await writeIndex(artifacts);
  if (!existsSync(list))
    throw new UserError('there is no page yet', 'run a pipeline with a stage that uses `report`');
  return list;
}

/** The published pages of a pipeline, by the ids of their stages. */
async function pagesOfFile(
  file: string,
  artifacts: string,
  options: PipelineOptions,
): Promise<ReadonlyMap<string, string>> {
  const { name, stages } = await openPipeline(file, options);
  const pages = stages
    .filter(({ outputs }) => Object.values(outputs).some(({ path }) => path.endsWith('.html')))
    .map(({ id }) => [id, pageFile(artifacts, name, id)] as const)
    .filter(([, path]) => existsSync(path));
  if (pages.length === 0) throw new UserError(`${file} has no page yet`, `pipe run ${file}`);
  return new Map(pages);
}

function wholeFirst(pages: ReadonlyMap<string, string>): string[] {
  const isOfVariant = (stage: string) => (stage.endsWith(']') ? 1 : 0);
  return [...pages].sort(([one], [other]) => isOfVariant(one) - isOfVariant(other)).map(([, path]) => path);
}

/** The browser outlives pipe. Without a program that opens addresses the path, which was printed, must do. */
async function openInBrowser(path: string): Promise<void> {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(opener, [pathToFileURL(path).href], { detached: true, stdio: 'ignore' });
  await new Promise((resolve) => child.once('spawn', resolve).once('error', resolve));
  child.unref();
}
