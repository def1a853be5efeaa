import { existsSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { nearestFolder } from './nearest-folder.ts';

/**
 * The folder of the project that a folder belongs to: the nearest one, itself or above, that holds a package.json
 * or a .git; the current folder if there is none. An installed package is no project: what is below a node_modules
 * folder belongs to the project that holds that folder.
 */
export function projectRoot(start: string): string {
  const marked = (folder: string) =>
    existsSync(join(folder, 'package.json')) || existsSync(join(folder, '.git'));
  return nearestFolder(aboveInstalled(resolve(start)), marked) ?? process.cwd();
}

function aboveInstalled(folder: string): string {
  const steps = folder.split(sep);
  const installed = steps.indexOf('node_modules');
  return installed < 0 ? folder : steps.slice(0, installed).join(sep) || sep;
}
