import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import type { StageResult } from '../../../contract/attempt/result.ts';
import { displaced, failed, readResult } from '../attempt-result.ts';
import type { AttemptResult } from '../executor.ts';
import { JOB_EXIT } from '../job-script.ts';
import { describeDeath } from '../process-death.ts';

/** A network file system may show a new file this much later. */
const RESULT_DELAY_MS = 15_000;
const LOOK_MS = 500;

/**
 * How an attempt ended whose process has ended by itself, with an exit code; the result decides. `asked`: the runner has
 * asked it to stop.
 */
export async function endOf(
  attemptDirectory: string,
  exitCode: number,
  log: string,
  asked: boolean,
): Promise<AttemptResult> {
  const result = await writtenResult(attemptDirectory, exitCode);
  // Whoever takes a machine away asks first (SIGTERM), and the stage stops as if it were cancelled.
  if (result?.status === 'cancelled' && !asked) {
    return displaced({ message: 'its pod was asked to stop, and not by this run' });
  }
  return result ?? (await withoutResult(attemptDirectory, exitCode, log));
}

/** Exit code 0 says that a result was written: it is waited for. */
async function writtenResult(attemptDirectory: string, exitCode: number): Promise<StageResult | undefined> {
  for (let waited = 0; ; waited += LOOK_MS) {
    const result = await readResult(attemptDirectory);
    if (result !== undefined || exitCode !== 0 || waited >= RESULT_DELAY_MS) return result;
    await delay(LOOK_MS);
  }
}

export function noProgram(): AttemptResult {
  return failed({
    message: 'the image has no program `pipe`',
    hint: 'Its Dockerfile installs it, as examples/kubernetes/Dockerfile does.',
  });
}

async function withoutResult(
  attemptDirectory: string,
  exitCode: number,
  log: string,
): Promise<AttemptResult> {
  if (exitCode === JOB_EXIT.begun) {
    return displaced({ message: 'the cluster started it twice' });
  }
  if (exitCode === JOB_EXIT.noProgram) return noProgram();
  // A shell that does not find the script has exit codes of its own, and has begun nothing.
  const isOfFolder = [JOB_EXIT.noSuchFolder, JOB_EXIT.notWritable, JOB_EXIT.noLog].some(
    (code) => code === exitCode,
  );
  if (isOfFolder || !existsSync(attemptFiles(attemptDirectory).started)) {
    return failed({
      message: `the pod cannot read or write ${attemptDirectory} (exit code ${exitCode})`,
      hint: 'The `volume` of the executor has to show the artifacts folder under the same path as here, writable for `run_as`.',
    });
  }
  // As shells count, and container runtimes too.
  const signal = exitCode === 137 ? 'SIGKILL' : exitCode === 143 ? 'SIGTERM' : undefined;
  return failed(await describeDeath({ exitCode, signal }, log, attemptFiles(attemptDirectory).result));
}
