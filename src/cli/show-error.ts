import { CacheError } from '../cache/cache-error.ts';
import { StageError } from '../contract/stage-context.ts';
import { PipelineError } from '../pipeline/diagnostic.ts';
import { hasColors, paintFor } from '../runner/reporters/paint.ts';
import { UnknownStageError } from '../runner/stage-graph.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { UserError } from './user-error.ts';

/**
 * Tells on standard error what went wrong, and returns the code to exit with. What a user can mend is shown without a
 * stack; anything else is a fault of pipe and asks for a report.
 */
export async function showError(error: unknown): Promise<ExitCode> {
  const paint = paintFor(process.stderr);
  const say = (text: string) => process.stderr.write(`${text}\n`);
  if (error instanceof PipelineError) {
    const { formatDiagnostics } = await import('../pipeline/format-diagnostics.ts');
    say(formatDiagnostics(error, { directory: process.cwd(), color: hasColors(process.stderr) }));
    return EXIT.usage;
  }
  if (error instanceof UserError || error instanceof StageError || error instanceof CacheError) {
    say(`${paint('red', 'error:')} ${error.message}`);
    if ('hint' in error && error.hint !== undefined) say(`  ${error.hint}`);
    return error instanceof UserError || error instanceof UnknownStageError ? EXIT.usage : EXIT.failed;
  }
  const stack = error instanceof Error ? error.stack : String(error);
  say(`${paint('red', 'internal error:')} ${stack}`);
  say('This is a fault in pipe. Please report it with the lines above and the command that you ran.');
  return EXIT.failed;
}
