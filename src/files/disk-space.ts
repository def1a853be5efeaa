import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { orAbsent } from './system-problem.ts';

/** Bytes that this user can still write on the disk that holds `path`, which need not exist yet. */
export async function freeBytes(path: string): Promise<number> {
  const space = await orAbsent(statfs(path));
  // The root directory exists, so this ends.
  return space ? space.bavail * space.bsize : await freeBytes(dirname(path));
}
