import { randomUUID } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from './cache-error.ts';

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
 * Creates a directory with its parents unless it is there, so that their names survive a power cut. Node's
 * own `recursive` says ENOENT where it should say that the file system is read-only.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    if (errorCode(error) !== 'ENOENT' || path === dirname(path)) throw error;
    await makeDirectory(dirname(path));
    return await makeDirectory(path);
  }
  await sync(dirname(path));
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
