import { type BigIntStats, constants } from 'node:fs';
import { chmod, copyFile, lstat, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, orAbsent } from './cache-error.ts';
import type { OnCacheProblem } from './cache-problem.ts';
import { type Digest, digestOfBytes, digestOfFile } from './digest.ts';
import { makeDirectory, sync, temporaryName, writeDurably } from './durable.ts';
import { ObjectMemo } from './object-memo.ts';
import { quarantine } from './quarantine.ts';

/**
 * Objects are dated back, so that whatever is written to one later gets another modification time even
 * within one tick of a coarse clock; the memo could not notice it otherwise.
 */
const DATED_BACK_MS = 10_000;

/** Errors after which a file that is there will not give its bytes either when it is read again. */
const UNREADABLE = ['EACCES', 'EPERM', 'EIO', 'EISDIR', 'ELOOP'];

export interface Blob {
  readonly digest: Digest;
  readonly bytes: number;
}

/** Immutable byte strings under `objects/ab/cdef…`, named by their digest. */
export class BlobStore {
  readonly #directory: string;
  readonly #onProblem: OnCacheProblem;
  readonly #memo: ObjectMemo;

  constructor(directory: string, onProblem: OnCacheProblem) {
    this.#directory = directory;
    this.#onProblem = onProblem;
    this.#memo = new ObjectMemo(join(directory, 'object-memo'));
  }

  /**
   * Stores a file's bytes. With `move` the file is gone from its place afterwards, and was not copied where
   * the file system allows that.
   */
  async add(source: string, { move }: { readonly move: boolean }): Promise<Blob> {
    // Somebody else may write through another link of the file, so one that has any is copied.
    if (move && (await lstat(source)).nlink === 1) {
      try {
        return await this.#adopt(source);
      } catch (error) {
        if (errorCode(error) !== 'EXDEV') throw error;
      }
    }
    const blob = await this.#addCopy(source);
    if (move) await rm(source);
    return blob;
  }

  /** Stores bytes that are in memory. */
  async addBytes(bytes: Uint8Array | string): Promise<Blob> {
    const blob = { digest: digestOfBytes(bytes), bytes: Buffer.byteLength(bytes) };
    if (await this.#isSound(blob.digest)) return blob;
    const temporary = await temporaryName(this.#directory);
    try {
      await writeDurably(temporary, bytes);
      return await this.#adopt(temporary);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Size in bytes of the object's file, whose bytes are not looked at; undefined when there is none. */
  async size(digest: Digest): Promise<number | undefined> {
    const state = await orAbsent(stat(this.#path(digest)));
    return state?.isFile() ? state.size : undefined;
  }

  /** Path of an object whose bytes agree with its digest; undefined, with the problem reported, otherwise. */
  async locate(digest: Digest): Promise<string | undefined> {
    const path = this.#path(digest);
    const state = await orAbsent(stat(path, { bigint: true }));
    if (!state) {
      this.#onProblem({ code: 'lost-object', message: `Object ${digest} is missing from the cache` });
      return undefined;
    }
    return (await this.#agrees(digest, path, state)) ? path : undefined;
  }

  async #addCopy(source: string): Promise<Blob> {
    // Hashed before it is copied: most often it is there already, and nothing needs to be written.
    const before = await digestOfFile(source);
    if (await this.#isSound(before.digest)) return before;
    const temporary = await temporaryName(this.#directory);
    try {
      await copyFile(source, temporary, constants.COPYFILE_FICLONE);
      // The copy is hashed again there: whoever edits the source meanwhile cannot mix two states under one name.
      return await this.#adopt(temporary);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /**
   * Makes a file that nobody writes to any more an object; it is gone from its place afterwards. The order
   * matters: the state for the memo is taken before hashing, so a later write shows; the bytes are on the disk
   * before they get their name, so the name never stands for less than all of them; and the name is on the
   * disk before this returns, so that a record written afterwards cannot outlive it.
   */
  async #adopt(file: string): Promise<Blob> {
    await chmod(file, 0o444);
    const time = new Date(Date.now() - DATED_BACK_MS);
    await utimes(file, time, time);
    const state = await stat(file, { bigint: true });
    const blob = await digestOfFile(file);
    if (await this.#isSound(blob.digest)) {
      await rm(file);
      return blob;
    }
    const path = this.#path(blob.digest);
    await sync(file);
    await makeDirectory(dirname(path));
    await rename(file, path);
    await sync(dirname(path));
    await this.#memo.remember(blob.digest, state);
    return blob;
  }

  async #isSound(digest: Digest): Promise<boolean> {
    const path = this.#path(digest);
    const state = await orAbsent(stat(path, { bigint: true }));
    return state !== undefined && (await this.#agrees(digest, path, state));
  }

  async #agrees(digest: Digest, path: string, state: BigIntStats): Promise<boolean> {
    if (await this.#memo.knows(digest, state)) return true;
    if (await hasDigest(path, digest)) {
      await this.#memo.remember(digest, state);
      return true;
    }
    return await this.#putAside(digest, path);
  }

  /** Puts a damaged object aside. True where, in the end, a sound one lies in its place. */
  async #putAside(digest: Digest, path: string): Promise<boolean> {
    const quarantined = await quarantine(this.#directory, path, digest);
    // Another process may have replaced the damaged object just before: its sound one goes back.
    if (quarantined !== undefined && (await hasDigest(quarantined, digest))) {
      await rename(quarantined, path);
      return true;
    }
    const message = `Object ${digest} does not hold the bytes it was stored with`;
    this.#onProblem({ code: 'corrupt-object', message, ...(quarantined !== undefined && { quarantined }) });
    return false;
  }

  #path(digest: Digest): string {
    return join(this.#directory, 'objects', digest.slice(0, 2), digest.slice(2));
  }
}

async function hasDigest(path: string, digest: Digest): Promise<boolean> {
  try {
    return (await orAbsent(digestOfFile(path)))?.digest === digest;
  } catch (error) {
    if (UNREADABLE.includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
