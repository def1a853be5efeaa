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
 * Opens the page of a pipeline file or a run in the browser, or the list of pages if there are several or nothing is named;
 * prints its path. Throws a UserError if there is no page.
 */
export async function openPage(what: string | undefined, options: PipelineOptions): Promise<void> {
  const artifacts = artifactsDirectory(
    what !== undefined && existsSync(what) ? what : 'pipeline.yaml',
    options,
  );
  const { pages, section } = await pagesFor(what, artifacts, options);
  const [page, ...others] = pages;
  const list = indexFile(artifacts);
  const path = page !== undefined && others.length === 0 ? page : list;
  if (path === list && existsSync(pagesFolder(artifacts))) await writeIndex(artifacts);
  if (!existsSync(path))
    throw new UserError('there is no page yet', 'run a pipeline with a stage that uses `report`');
  show(process.stdout, relative('.', path));
  const address = pathToFileURL(path);
  if (path === list && section !== undefined) address.hash = section;
  await openInBrowser(address.href);
}

interface Pages {
  readonly pages: readonly string[];
  /** Where the list has them. */
  readonly section?: string;
}

async function pagesFor(
  what: string | undefined,
  artifacts: string,
  options: PipelineOptions,
): Promise<Pages> {
  if (what === undefined) return { pages: [] };
  if (!existsSync(what)) return { pages: await pagesOfRun(what, artifacts) };
  const pipeline = await openPipeline(what, options);
  const pages = pipeline.stages
    .filter(({ outputs }) => Object.values(outputs).some(({ path }) => path.endsWith('.html')))
    .map(({ id }) => pageFile(artifacts, pipeline.name, id))
    .filter((path) => existsSync(path));
  if (pages.length === 0) throw new UserError(`${what} has no page yet`, `pipe run ${what}`);
  return { pages, section: pipeline.name };
}

/** The browser outlives pipe. Without a program that opens addresses the path, which was printed, must do. */
async function openInBrowser(address: string): Promise<void> {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(opener, [address], { detached: true, stdio: 'ignore' });
  await new Promise((resolve) => child.once('spawn', resolve).once('error', resolve));
  child.unref();
}
