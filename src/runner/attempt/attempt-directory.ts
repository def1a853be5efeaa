import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Attempt, isAbandoned, isOfDead, listAttempts } from '../../cache/work-directory.ts';
import { attemptFiles } from '../../contract/attempt/attempt-files.ts';
import type { Digest } from '../../files/digest.ts';
import { explained, orAbsent } from '../../files/system-problem.ts';
import type { Executors } from '../executor/executors.ts';
import { readSubmission } from '../executor/submission.ts';

/**
 * Removes what no later attempt can use: copies of inputs, half-written outputs, scratch. Checkpoints and finished
 * items stay, and without any of them nothing does.
 */
export async function keepOnlyWork(directory: string): Promise<void> {
  await removeAllButWork(directory);
  const kept = (await orAbsent(readdir(attemptFiles(directory).work))) ?? [];
  if (kept.length > 0) return;
  await rm(directory, { recursive: true, force: true });
  await rmdir(dirname(directory)).catch(() => {}); // not empty where another attempt is
}

/**
 * Ends what is left of the dead attempts of an action, whose lock is held, and tidies their directories. Gives those
 * from which a new attempt can continue, newest first.
 */
export async function takeOver(workDirectory: string, key: Digest, executors: Executors): Promise<Attempt[]> {
  return await explained('tidy up after earlier attempts', async () => {
    const found = await listAttempts(workDirectory, key);
    for (const { directory } of found) {
      // What was handed in to a queue, perhaps from another host, is the business of whoever holds the lock.
      const isOurs = (await isAbandoned(directory)) || (await readSubmission(directory)) !== undefined;
      if (!isOurs) continue;
      await executors.endRemains(directory);
      await keepOnlyWork(directory);
    }
    return found.length === 0 ? found : await listAttempts(workDirectory, key);
  });
}

/**
 * Ends what is left on this machine of every attempt whose runner is dead, and removes what is large of it: nobody holds a
 * disk or a processor for an action that may never be asked for again. What was handed in to a queue goes on: it was meant
 * to outlive its runner.
 */
export async function endDeadAttempts(workDirectory: string, executors: Executors): Promise<void> {
  for (const key of (await orAbsent(readdir(workDirectory))) ?? []) {
    for (const { directory } of await listAttempts(workDirectory, key as Digest)) {
      if (!(await isOfDead(directory)) || (await readSubmission(directory)) !== undefined) continue;
      await executors.endRemains(directory);
      await removeAllButWork(directory);
    }
  }
}

async function removeAllButWork(directory: string): Promise<void> {
  // First of all nobody adopts it any more.
  const { submission, inputs, outputs, scratch } = attemptFiles(directory);
  for (const path of [submission, inputs, outputs, scratch]) await rm(path, { recursive: true, force: true });
}
