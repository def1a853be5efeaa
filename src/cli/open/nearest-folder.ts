import { dirname } from 'node:path';

/** The nearest folder, the given one (absolute) or one above it, that is as asked; undefined where none is. */
export function nearestFolder(start: string, isIt: (folder: string) => boolean): string | undefined {
  let folder = start;
  while (!isIt(folder)) {
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  return folder;
}
