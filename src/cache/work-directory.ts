import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attemptFiles } from '../contract/attempt/attempt-files.ts';
import type { Digest } from '../files/digest.ts';
import { makeDirectory } from '../files/durable.ts';
import { isRunning, type ProcessIdentity, thisProcess } from '../files/process-identity.ts';
import { errorCode, explained, orAbsent } from '../files/system-problem.ts';

/** The file of an attempt that names the process that created it. */
export const OWNER_FILE = 'owner.json';

/** Begins the name of a directory that is not an attempt yet. */
export const PREPARED_PREFIX = '.new-';

/** `2025-01-31T08-15-30.123Z`: sorts by time, and is a name on every file system. */
const ATTEMPT_NAME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}Z$/;

/** One execution of an action and the directory that is its own. */
export interface Attempt {
  readonly attempt: string;
  readonly directory: string;
}

/**
 * Creates the directory of a new attempt, `<work>/<key>/<attempt>/`. Its name sorts after all earlier ones,
 * also when the clock was set back or another process creates one in the same millisecond.
 */
export async function createAttempt(work: string, key: Digest): Promise<Attempt> {
  return await explained('create a work directory', async () => {
    const parent = join(work, key);
    const prepared = join(parent, `${PREPARED_PREFIX}${randomUUID()}`);
    await makeDirectory(parent);
    await mkdir(prepared);
    await writeFile(join(prepared, OWNER_FILE), await self());
    for (;;) {
      const newest = (await listAttempts(work, key))[0];
      const time = Math.max(Date.now(), newest ? attemptTime(newest).getTime() + 1 : 0);
      const attempt = new Date(time).toISOString().replaceAll(':', '-');
      const directory = join(parent, attempt);
      // With its owner from the first moment on, so that nobody takes it for a dead process's.
      if (await renameToNew(prepared, directory)) return { attempt, directory };
    }
  });
}

/** Makes this process the owner of an attempt whose creator is dead, and of which the lock is held. */
export async function claimAttempt(directory: string): Promise<void> {
  const draft = join(directory, `${OWNER_FILE}.${randomUUID()}`);
  await writeFile(draft, await self());
  await rename(draft, join(directory, OWNER_FILE));
}

/** All attempts of an action that have a directory, newest first; after a crash they hold work to continue from. */
export async function listAttempts(work: string, key: Digest): Promise<Attempt[]> {
  const names = (await orAbsent(readdir(join(work, key)))) ?? [];
  return names
    .filter((name) => ATTEMPT_NAME.test(name))
    .sort()
    .reverse()
    .map((attempt) => ({ attempt, directory: join(work, key, attempt) }));
}

/**
 * Removes the directories of a recorded action. Its lock is held, so they are this process's or a dead one's; that of
 * a process on another host may still be written to, and stays.
 */
export async function removeAttempts(work: string, key: Digest): Promise<void> {
  await explained('remove work directories', async () => {
    for (const { directory } of await listAttempts(work, key)) {
      if (await isAbandoned(directory)) await removeAttempt(directory);
    }
    // Not empty as long as another process has an attempt there.
    await rmdir(join(work, key)).catch(() => {});
  });
}

/** Removes the directory of an attempt. First of all nobody adopts it any more: this may be cut off, too. */
export async function removeAttempt(directory: string): Promise<void> {
  await rm(attemptFiles(directory).submission, { force: true });
  await rm(directory, { recursive: true, force: true });
}

/** Whether nobody but this process can be at work in an attempt's directory: its creator is this process, or dead. */
export async function isAbandoned(directory: string): Promise<boolean> {
  return (await ownerOf(directory)) !== 'another';
}

/** Whether the process that created an attempt's directory has ended. */
export async function isOfDead(directory: string): Promise<boolean> {
  return (await ownerOf(directory)) === 'dead';
}

async function ownerOf(directory: string): Promise<'self' | 'dead' | 'another'> {
  const owner = await orAbsent(readFile(join(directory, OWNER_FILE), 'utf8'));
  if (owner === (await self())) return 'self';
  try {
    const running = await isRunning(JSON.parse(owner ?? '') as ProcessIdentity);
    return running === false ? 'dead' : 'another';
  } catch {
    return 'dead'; // it names none: the machine stopped before it was on the disk
  }
}

async function self(): Promise<string> {
  return JSON.stringify(await thisProcess());
}

/** Renames a directory; false when the name is taken (by a directory that is not empty: POSIX rename). */
async function renameToNew(directory: string, name: string): Promise<boolean> {
  try {
    await rename(directory, name);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** When an attempt was created, or a moment later (see `createAttempt`). */
export function attemptTime({ attempt }: Attempt): Date {
  return new Date(attempt.replace(/T(\d{2})-(\d{2})-/, 'T$1:$2:'));
}
