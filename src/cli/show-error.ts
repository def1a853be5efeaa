import { StageError } from '../contract/stage-context.ts';
import { CacheError, systemProblem } from '../files/system-problem.ts';
import { PipelineError } from '../pipeline/diagnostics/diagnostic.ts';
import { concealCredentials } from '../pipeline/resolve/url-credentials.ts';
import { UnknownStageError } from '../runner/plan/stage-graph.ts';
import { paintFor } from '../terminal/paint.ts';
import { show } from '../terminal/show.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { UserError } from './user-error.ts';

/**
 * Reports on standard error what went wrong, and returns the code to exit with. What a user can fix is shown without a
 * stack; anything else is a fault of pipe and asks for a report.
 */
export async function showError(thrown: unknown): Promise<ExitCode> {
  const error = deletedFolder(thrown) ?? systemProblem('continue', thrown) ?? thrown;
  const paint = paintFor(process.stderr);
  const say = (text: string) => show(process.stderr, text);
  if (error instanceof PipelineError) {
    const { formatDiagnostics } = await import('../pipeline/diagnostics/format-diagnostics.ts');
    say(formatDiagnostics(error, { directory: process.cwd(), paint }));
    if (process.env.GITHUB_ACTIONS === 'true') {
      const { diagnosticAnnotations } = await import('./annotate-diagnostics.ts');
      for (const line of diagnosticAnnotations(error)) say(line);
    }
    return EXIT.usage;
  }
  if (error instanceof UserError || error instanceof StageError || error instanceof CacheError) {
    say(`${paint('red', 'error:')} ${concealCredentials(error.message)}`);
    if ('hint' in error && error.hint !== undefined) say(`  ${concealCredentials(error.hint)}`);
    return error instanceof UserError || error instanceof UnknownStageError ? EXIT.usage : EXIT.failed;
  }
  const stack = error instanceof Error ? error.stack : String(error);
  say(`${paint('red', 'internal error:')} ${stack}`);
  say('This is a fault in pipe. Please report it with the lines above and the command that you ran.');
  return EXIT.failed;
}

/** Node says ENOENT of `uv_cwd`. */
function deletedFolder(error: unknown): UserError | undefined {
  const { syscall } = Object(error) as NodeJS.ErrnoException;
  if (syscall !== 'uv_cwd') return undefined;
  return new UserError('the current folder does not exist any more', 'change to one that does: cd');
}
