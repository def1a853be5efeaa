import { statSync, utimesSync } from 'node:fs';
import { link, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../contract/canonical-json.ts';
import { isObject, type Json } from '../contract/json.ts';
import { type Digest, digestOfBytes } from './digest.ts';
import { temporaryName, writeDurably } from './durable.ts';
import { encodeMemo, readMemo } from './memo.ts';
import { errorCode } from './system-problem.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Answers to questions that cost much (a reply of a judge's model), kept for every attempt, stage and run that asks the
 * same. An entry is a small file {key, answer} with a checksum, named by the digest of its key: what is damaged is a miss.
 */
export class ItemMemory {
  readonly #directory: string;
  /** Questions that this process is asking now. */
  readonly #asked = new Map<Digest, Promise<Json>>();

  /** The directory is a folder of the cache, and need not be there. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * The answer that is kept for a key (all that decides the answer), else that of `compute`, which is kept from then on.
   * Who asks the same at the same time in this process waits for it; of two processes both get what the first one kept. What
   * `compute` throws is thrown and not kept. An answer that cannot be written is given all the same, and `onUnkept` gets
   * the error.
   */
  async answer(key: Json, compute: () => Promise<Json>, onUnkept: (error: unknown) => void): Promise<Json> {
    const digest = digestOfBytes(canonicalJson(key));
    const asked = this.#asked.get(digest) ?? this.#find(digest, key, compute, onUnkept);
    this.#asked.set(digest, asked);
    try {
      return await asked;
    } finally {
      this.#asked.delete(digest);
    }
  }

  async #find(
    digest: Digest,
    key: Json,
    compute: () => Promise<Json>,
    onUnkept: (error: unknown) => void,
  ): Promise<Json> {
    const path = join(this.#directory, digest.slice(0, 2), `${digest.slice(2)}.json`);
    const kept = readEntry(path, digest);
    if (kept !== undefined) {
      markUsed(path);
      return kept.answer;
    }
    const answer = await compute();
    try {
      return await this.#keep(path, digest, { key, answer });
    } catch (error) {
      onUnkept(error);
      return answer;
    }
  }

  /** Gives the answer that is kept now: another process may have been first. */
  async #keep(path: string, digest: Digest, entry: Entry): Promise<Json> {
    const temporary = await temporaryName(dirname(this.#directory));
    try {
      await writeDurably(temporary, encodeMemo(entry));
      await mkdir(dirname(path), { recursive: true });
      await link(temporary, path);
      return entry.answer;
    } catch (error) {
      const first = errorCode(error) === 'EEXIST' ? readEntry(path, digest) : undefined;
      if (first !== undefined) return first.answer;
      // A damaged entry gives way. Some file systems know no links: there the last one is kept.
      await rename(temporary, path);
      return entry.answer;
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

interface Entry {
  readonly key: Json;
  readonly answer: Json;
}

/** Says by the time of the file that somebody has used it, once a day: what nobody uses goes in the end. */
function markUsed(path: string): void {
  const now = new Date();
  try {
    if (now.getTime() - statSync(path).mtimeMs > DAY_MS) utimesSync(path, now, now);
  } catch {
    // Another one has removed it, or the disk is read-only: it has been read.
  }
}

/** The entry of a key; undefined if there is none that can be relied upon. */
function readEntry(path: string, digest: Digest): Entry | undefined {
  const entry = readMemo(path);
  if (!isObject(entry) || digestOfBytes(canonicalJson(entry.key ?? null)) !== digest) return undefined;
  return entry.answer === undefined ? undefined : { key: entry.key ?? null, answer: entry.answer };
}
