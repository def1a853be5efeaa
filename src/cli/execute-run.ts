import type { ExitCode } from './exit-code.ts';
import type { RunOptions } from './run.ts';

/** Brings a pipeline up to date and shows how; returns the code to exit with. */
export async function executeRun(file: string, _options: RunOptions): Promise<ExitCode> {
  throw new Error(`the runner is not wired yet: ${file}`);
}
