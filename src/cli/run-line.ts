import { runProgram } from './program.ts';
import { runCommand } from './run/run.ts';

/**
 * Runs `pipe run …` and sets the code to exit with: the command line without the other verbs. In dist/ it is a script of its
 * own, because reading a script takes long, and a run with nothing to do has no time for what it does not need.
 */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  await runProgram(args, { run: runCommand });
}
