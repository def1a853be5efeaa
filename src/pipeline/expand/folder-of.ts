import { dirname } from 'node:path';
import type { Value } from '../yaml/value.ts';
import { OVERRIDES } from './override.ts';

/**
 * The folder that a relative path in a value starts from: that of the file which wrote the value, wherever a
 * template carried it; the current folder for what was written on the command line.
 */
export function folderOf({ place, origin }: Value): string {
  const { file } = origin ?? place;
  return file === OVERRIDES ? process.cwd() : dirname(file);
}
