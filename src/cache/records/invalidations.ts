import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../files/digest.ts';
import { explained } from '../../files/system-problem.ts';

/**
 * Marks on actions that somebody wants done again although they have a record: files `invalidated/<key>.<id>`. The record and
 * what it names stay, so nobody who works with them is disturbed. Whoever has done the action again removes the marks that
 * he saw before he began, and none that was made meanwhile.
 */
export class Invalidations {
  readonly #directory: string;

  constructor(cacheDirectory: string) {
    this.#directory = join(cacheDirectory, 'invalidated');
  }

  /** Marks an action. Throws a CacheError where that cannot be written. */
  async add(key: Digest): Promise<void> {
    await explained('invalidate a result', async () => {
      await mkdir(this.#directory, { recursive: true });
      await writeFile(join(this.#directory, `${key}.${randomUUID()}`), '');
    });
  }

  /** The marks on every action now, by its key. */
  all(): ReadonlyMap<string, readonly string[]> {
    const marks = new Map<string, readonly string[]>();
    for (const name of this.#names()) {
      const key = name.split('.')[0]!;
      marks.set(key, [...(marks.get(key) ?? []), name]);
    }
    return marks;
  }

  /** The marks on an action now. */
  of(key: Digest): readonly string[] {
    return this.#names().filter((name) => name.startsWith(`${key}.`));
  }

  /** Removes marks. One that stays only costs another execution. */
  async remove(marks: readonly string[]): Promise<void> {
    for (const mark of marks) await rm(join(this.#directory, mark), { force: true }).catch(() => {});
  }

  /** At once: a run of hits looks, and has no time to wait for a thread. */
  #names(): readonly string[] {
    try {
      return readdirSync(this.#directory);
    } catch {
      return []; // nothing was ever marked, or it cannot be read: then records count
    }
  }
}
