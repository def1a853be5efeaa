import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nearestFolder } from './open/nearest-folder.ts';

/** Path of something that comes with pipe, wherever the code is in it: dist/, dist/chunks/ or src/cli/. */
export function packagePath(...parts: readonly string[]): string {
  const root = nearestFolder(import.meta.dirname, (folder) => existsSync(join(folder, 'package.json')));
  if (root === undefined) throw new Error(`there is no package.json above ${import.meta.dirname}`);
  return join(root, ...parts);
}
