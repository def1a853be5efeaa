import { lstat, readdir, readlink, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';

/**
 * Makes every symbolic link at or below a path absolute, so that it shows the same after files have been moved. `moves`
 * gives the new path of each that will be; paths are absolute, and free of links themselves.
 */
export async function redirectLinks(path: string, moves: ReadonlyMap<string, string>): Promise<void> {
  const state = await lstat(path);
  if (state.isSymbolicLink()) {
    const target = resolve(await realpath(dirname(path)), await readlink(path));
    await rm(path);
    await symlink(moved(target, moves), path);
  } else if (state.isDirectory()) {
    for (const name of await readdir(path, { withFileTypes: true })) {
      if (name.isSymbolicLink() || name.isDirectory()) await redirectLinks(join(path, name.name), moves);
    }
  }
}

function moved(path: string, moves: ReadonlyMap<string, string>): string {
  for (const [from, to] of moves) {
    if (path === from || path.startsWith(from + sep)) return to + path.slice(from.length);
  }
  return path;
}
