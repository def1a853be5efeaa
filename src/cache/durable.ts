import { randomUUID } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Flushes a file, or the names in a directory, to the disk: without it a rename may outlive the bytes. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a directory with its parents, so that their names survive a power cut. */
export async function makeDirectory(path: string): Promise<void> {
  const firstCreated = await mkdir(path, { recursive: true });
  if (firstCreated === undefined) return;
  for (let created = path; created.length >= firstCreated.length; created = dirname(created)) {
    await sync(dirname(created));
  }
}

/** A name in the folder for unfinished files that no other process uses; the folder exists afterwards. */
export async function temporaryName(cacheDirectory: string): Promise<string> {
  const directory = join(cacheDirectory, 'tmp');
  await mkdir(directory, { recursive: true });
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
