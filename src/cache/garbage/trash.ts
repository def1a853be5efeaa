import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { filesBelow } from '../../files/files-below.ts';
import { errorCode, orAbsent } from '../../files/system-problem.ts';

/**
 * Where garbage waits for a second look, on the cache's own disk: what is moved here has only been renamed, and can be given
 * back. It keeps the path that a file had, so that the next one can give back what a killed process has left here.
 */
export class Trash {
  readonly #cache: string;
  readonly #folder: string;

  /** The trash of this process in the cache; nothing is created. */
  constructor(cacheDirectory: string) {
    this.#cache = cacheDirectory;
    this.#folder = join(cacheDirectory, 'trash', randomUUID());
  }

  /** Moves a file of the cache here. Gives the time of its last change (milliseconds since 1970), if it was there. */
  async take(path: string): Promise<number | undefined> {
    const place = join(this.#folder, relative(this.#cache, path));
    await mkdir(dirname(place), { recursive: true });
    return (await moved(path, place)) ? (await stat(place)).mtimeMs : undefined;
  }

  /** Puts a file back that was taken, unless another one has its name by now: names of the cache say what is in them. */
  async giveBack(path: string): Promise<void> {
    await giveBack(join(this.#folder, relative(this.#cache, path)), path);
  }

  /** Ends everything that is here. */
  async empty(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Gives back what processes that died have left in their trash: nobody knows how far they had looked. */
export async function recoverTrash(cacheDirectory: string): Promise<void> {
  const trash = join(cacheDirectory, 'trash');
  for (const id of (await orAbsent(readdir(trash))) ?? []) {
    const folder = join(trash, id);
    for (const file of await filesBelow(folder))
      await giveBack(file, join(cacheDirectory, relative(folder, file)));
    await rm(folder, { recursive: true, force: true });
  }
}

async function giveBack(place: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await moved(place, path);
}

/** False where there is nothing to move. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
