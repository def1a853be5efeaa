import { existsSync } from 'node:fs';
import { listNames } from '../../pipeline/diagnostics/did-you-mean.ts';
import type { StoredRun } from '../../runner/events/stored-run.ts';
import { stageIds } from '../../runner/plan/stage-graph.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { stageCommand } from '../open/stage-command.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { lockHolders, mayBeAtWork } from '../status/at-work.ts';
import { UserError } from '../user-error.ts';
import { aboutAttempt } from './about-attempt.ts';
import { FileTail } from './file-tail.ts';
import { findAttempt } from './find-attempt.ts';
import { followAttempts } from './follow-attempts.ts';
import { LogPrinter } from './log-printer.ts';
import { SILENT_MS } from './run-pulse.ts';

/**
 * Prints what the last attempt of a stage has printed, and with `follow` what it prints until it ends. Which attempt that is
 * goes to standard error. Throws a UserError where there is none.
 */
export async function printLogs(
  file: string,
  name: string,
  options: PipelineOptions & { readonly follow?: true },
): Promise<void> {
  const pipeline = await openPipeline(file, options);
  const ids = stageIds(pipeline, [name]);
  if (ids.length > 1)
    throw new UserError(`\`${name}\` is ${ids.length} stages`, `name one of ${listNames(ids)}`);
  const id = ids[0]!;
  const workspace = openWorkspace(artifactsDirectory(file, options), tellCacheProblem);
  const holders = await lockHolders(workspace.locksDirectory);
  const find = (mayWait: (run: StoredRun) => boolean) =>
    findAttempt(pipeline.name, { id }, workspace, mayWait);
  let found = await find((run) => options.follow === true && mayBeAtWork(run, holders, SILENT_MS));
  const printer = new LogPrinter(process.stdout);
  if (options.follow && found && !('madeElsewhere' in found)) {
    const start = 'attempt' in found ? found.attempt : { run: found.pending.about.run, stage: id };
    if ((await followAttempts(start, workspace, printer, tell)) !== 'hit') return;
    // What the run has waited for was there already: its log is that of another run.
    found = await find(() => false);
  }
  const remake = `run it again with: ${stageCommand(file, '--force', id, options)}`;
  if (found === undefined)
    throw new UserError(
      `${id} has not run here`,
      `run it with: ${stageCommand(file, '--only', id, options)}`,
    );
  if ('madeElsewhere' in found)
    throw new UserError(
      `the result of ${id} was made by a run that is not here any more, and its log with it`,
      remake,
    );
  if ('pending' in found) return;
  tell(aboutAttempt(found.attempt));
  if (!existsSync(found.attempt.log)) throw new UserError('this log was removed', remake);
  for (const bytes of new FileTail(found.attempt.log).added()) await printer.print(bytes);
  await printer.end();
}

/** Next to the log, which alone goes to standard output. */
function tell(text: string): void {
  show(process.stderr, text);
}
