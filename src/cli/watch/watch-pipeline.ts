import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import type { EngineName } from '../../contract/engine-name.ts';
import { Sources } from '../../pipeline/yaml/sources.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show } from '../../terminal/show.ts';
import { counted } from '../../terminal/units.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { openPipeline } from '../open/open-pipeline.ts';
import { type PipelineOptions, type StagesOptions, selectionOf } from '../open/pipeline-options.ts';
import { executeRun } from '../run/execute-run.ts';
import { showError } from '../show-error.ts';
import { pipelineFiles, stageFiles } from './counted-files.ts';
import { type FileChange, lookAt, type WatchedPath } from './file-states.ts';
import { nextChange } from './next-change.ts';

/** What `pipe watch` was asked for. */
export interface WatchOptions extends PipelineOptions, StagesOptions {
  readonly jobs?: number;
  readonly engine?: EngineName | 'auto';
  readonly samples?: true;
}

/** Changes that are named; the others are counted. */
const MOST_NAMED = 3;

/**
 * Runs a pipeline, and again whenever a file of it has changed, one run after the other, until a signal ends it; returns the
 * code to exit with. Throws a PipelineError where there is no such file. A pipeline that is wrong, and a run that fails, wait for a change as well.
 */
export async function watchPipeline(file: string, options: WatchOptions): Promise<ExitCode> {
  if (!existsSync(file)) await openPipeline(file, options); // throws: a name that was never there is misspelt
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  const paint = paintFor(process.stdout);
  let files: readonly WatchedPath[] = [];
  try {
    for (;;) {
      files = await countedFiles(file, options, files);
      // Looked at before the run reads them: a change while it works runs it again.
      const before = await lookAt(files);
      if (!stopped.signal.aborted) await runOnce(file, options);
      if (!stopped.signal.aborted)
        show(process.stdout, '', paint('dim', `Watching ${counted(before.size, 'file')}. Ctrl-C ends it.`));
      const changes = await nextChange(files, before, stopped.signal);
      if (changes === undefined) return EXIT.interrupted;
      show(process.stdout, '', `${paint('bold', changesText(changes))}: running again`);
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', stop);
  }
}

/** All files and folders that count. While the pipeline is wrong, those from `before` as well: what is missing may be one of them. */
async function countedFiles(
  file: string,
  options: WatchOptions,
  before: readonly WatchedPath[],
): Promise<readonly WatchedPath[]> {
  const sources = new Sources();
  try {
    const pipeline = await openPipeline(file, options, sources);
    return [...pipelineFiles(sources), ...stageFiles(pipeline, selectionOf(options))];
  } catch {
    return [...pipelineFiles(sources), ...before]; // the run says what is wrong
  }
}

async function runOnce(file: string, options: WatchOptions): Promise<void> {
  try {
    await executeRun(file, { ...options, preflight: true, reporter: 'auto' });
  } catch (error) {
    await showError(error);
  }
}

function changesText(changes: readonly FileChange[]): string {
  const named = changes.slice(0, MOST_NAMED).map(({ path, what }) => `${relative('.', path)} ${what}`);
  const others = changes.length - named.length;
  return [...named, ...(others === 0 ? [] : [`${counted(others, 'more change')}`])].join(', ');
}
