import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CacheError, errorCode } from './system-problem.ts';

/** Flushes a file, or the names in a directory, to the disk: without it a rename may outlive the bytes. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a directory with its parents unless it is there, so that their names survive a power cut. Node's own
 * `recursive` says ENOENT where it should say that the file system is read-only. Throws the system's error, and a
 * CacheError where the file system takes no folders (/proc).
 */
export async function makeDirectory(path: string): Promise<void> {
  if (await madeDirectory(path)) return;
  await makeDirectory(dirname(path));
  // Once: a parent that is there and yet takes no folder will not take one later either.
  if (await madeDirectory(path)) return;
  throw new CacheError(
    `Cannot create ${path}: no folder can be made there.`,
    'Give another folder with --artifacts.',
  );
}

/** False where the parent is not there. */
async function madeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && path !== dirname(path)) return false;
    // A link to nowhere exists, too, and holds nothing.
    if (errorCode(error) !== 'EEXIST' || !existsSync(path)) throw error;
    return true;
  }
  await sync(dirname(path));
  return true;
}

/** A name in the folder for unfinished files that no other process uses; the folder exists afterwards. */
export async function temporaryName(cacheDirectory: string): Promise<string> {
  const directory = join(cacheDirectory, 'tmp');
  await makeDirectory(directory);
  return join(directory, randomUUID());
}

/** Writes a new file with its bytes on the disk; it must not exist. */
export async function writeDurably(path: string, bytes: Uint8Array | string): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
