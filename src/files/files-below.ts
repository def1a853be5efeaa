import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { orAbsent } from './system-problem.ts';

/** Paths of all that is no folder below a folder; none where it is not there. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = (await orAbsent(readdir(folder, { recursive: true, withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name));
}
