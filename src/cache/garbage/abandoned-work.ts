import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '../../files/digest.ts';
import { lockHolder } from '../../files/lock.ts';
import { explained, orAbsent } from '../../files/system-problem.ts';
import { isOfDead, listAttempts } from '../work-directory.ts';
import { ifFree } from './if-free.ts';

/**
 * Actions whose unfinished work nobody will go on with: they are not among the `needed` ones, and all who made it are
 * dead.
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
    const dead = await Promise.all(attempts.map(({ directory }) => isOfDead(directory)));
    if (dead.every(Boolean)) abandoned.push(action);
  }
  return abandoned;
}

/** Removes the work of actions, each under its lock: whoever begins it now must not lose what he takes over. */
export async function removeWork(
  actions: readonly Digest[],
  workDirectory: string,
  locksDirectory: string,
): Promise<void> {
  await explained('remove unfinished work', async () => {
    for (const action of actions)
      await ifFree(join(locksDirectory, action), () =>
        rm(join(workDirectory, action), { recursive: true, force: true }),
      );
  });
}
