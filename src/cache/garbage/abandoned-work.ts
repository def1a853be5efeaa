import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { attemptFiles } from '../../contract/attempt/attempt-files.ts';
import { type Digest, isDigest } from '../../files/digest.ts';
import { lockHolder } from '../../files/lock.ts';
import { explained, orAbsent } from '../../files/system-problem.ts';
import { lastWritten } from '../leftovers.ts';
import { isOfDead, listAttempts, removeAttempt } from '../work-directory.ts';
import { ifFree } from './if-free.ts';

const LONGEST_QUEUE_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Actions whose unfinished work nobody will go on with: they are not among the `needed` ones, all who made it are dead, and
 * no other machine is at work on it.
 */
export async function abandonedWork(
  workDirectory: string,
  locksDirectory: string,
  needed: ReadonlySet<string>,
): Promise<readonly Digest[]> {
  const actions = ((await orAbsent(readdir(workDirectory))) ?? []).filter(isDigest).sort();
  const abandoned: Digest[] = [];
  for (const action of actions) {
    if (needed.has(action) || (await lockHolder(join(locksDirectory, action))) !== undefined) continue;
    const attempts = await listAttempts(workDirectory, action);
    const ended = await Promise.all(attempts.map(({ directory }) => hasEnded(directory)));
    if (ended.every(Boolean)) abandoned.push(action);
  }
  return abandoned;
}

/** Whether nobody is at work on an attempt: its runner is dead, and it does not go on in a queue of other machines. */
async function hasEnded(directory: string): Promise<boolean> {
  if (!(await isOfDead(directory))) return false;
  const { submission, result } = attemptFiles(directory);
  if ((await orAbsent(stat(submission))) === undefined || (await orAbsent(stat(result)))) return true;
  // A queue may be long; what has not begun or said anything for so long never will.
  return Date.now() - (await lastWritten(directory)) > LONGEST_QUEUE_MS;
}

/** Removes the work of actions, each under its lock: whoever begins it now must not lose what he takes over. */
export async function removeWork(
  actions: readonly Digest[],
  workDirectory: string,
  locksDirectory: string,
): Promise<void> {
  await explained('remove unfinished work', async () => {
    for (const action of actions)
      await ifFree(join(locksDirectory, action), async () => {
        for (const { directory } of await listAttempts(workDirectory, action)) await removeAttempt(directory);
        await rm(join(workDirectory, action), { recursive: true, force: true });
      });
  });
}
