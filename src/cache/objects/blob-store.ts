import { constants, statSync } from 'node:fs';
import { chmod, copyFile, lstat, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  copyWithDigest,
  type Digest,
  type Digested,
  digestOfBytes,
  digestOfFile,
  isDigest,
} from '../../files/digest.ts';
import { makeDirectory, sync, temporaryName, writeDurably } from '../../files/durable.ts';
import { errorCode, ifThere, orAbsent } from '../../files/system-problem.ts';
import { cannotRead } from '../../files/unfit-source.ts';
import type { OnCacheProblem } from '../cache-problem.ts';
import type { Blobs, StoredBlob } from './blobs.ts';
import { quarantine } from './quarantine.ts';

/** Errors after which a file that is there will not give its bytes either when it is read again. */
const UNREADABLE = ['EACCES', 'EPERM', 'EIO', 'EISDIR', 'ELOOP'];

/** What is in an object's place and cannot be read as a file has no digest. */
const UNREADABLE_OBJECT = { digest: undefined };

/**
 * Immutable byte strings under `objects/ab/cdef…`, named by their digest. Whoever reads one reads bytes that were hashed
 * on that very read: a failing disk changes bytes and leaves size and times as they were, so nothing else can tell.
 */
export class BlobStore implements Blobs {
  readonly #directory: string;
  readonly #onProblem: OnCacheProblem;

  constructor(directory: string, onProblem: OnCacheProblem) {
    this.#directory = directory;
    this.#onProblem = onProblem;
  }

  /**
   * Stores a file's bytes. With `move` the file is gone from its place afterwards, and was not copied where
   * the file system allows that.
   */
  async add(source: string, { move }: { readonly move: boolean }): Promise<Digested> {
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
  async addBytes(bytes: Uint8Array | string): Promise<Digested> {
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
    try {
      const state = ifThere(() => statSync(this.path(digest), { throwIfNoEntry: false }));
      return state?.isFile() ? state.size : undefined;
    } catch (error) {
      if (UNREADABLE.includes(errorCode(error) ?? '')) return undefined;
      throw error;
    }
  }

  /** Path of an object whose bytes agree with its digest; undefined, with the problem reported, otherwise. */
  async locate(digest: Digest): Promise<string | undefined> {
    return (await this.#read(digest, digestOfFile)) && this.path(digest);
  }

  /** The bytes of a small object; undefined, with the problem reported, where they are lost or damaged. */
  async bytes(digest: Digest): Promise<Buffer | undefined> {
    const read = await this.#read(digest, async (path) => {
      const bytes = await readFile(path);
      return { digest: digestOfBytes(bytes), bytes };
    });
    return read?.bytes;
  }

  /**
   * Copies an object to a file that must not exist. False, with the problem reported and no file, where the object is
   * lost or damaged. Errors of the system about the destination pass unchanged, and leave no file either.
   */
  async copy(digest: Digest, destination: string, mode: number): Promise<boolean> {
    await (await open(destination, 'wx')).close();
    let copied = false;
    try {
      copied = (await this.#read(digest, (path) => copyWithDigest(path, destination))) !== undefined;
      if (copied) await chmod(destination, mode);
      return copied;
    } finally {
      if (!copied) await rm(destination, { force: true });
    }
  }

  /** There is no elsewhere. */
  async bring(): Promise<void> {}

  async *entries(): AsyncGenerator<StoredBlob> {
    const objects = join(this.#directory, 'objects');
    for (const folder of await namesIn(objects)) {
      for (const name of await namesIn(join(objects, folder))) {
        const digest = folder + name;
        if (!isDigest(digest)) continue;
        const state = ifThere(() => statSync(this.path(digest), { throwIfNoEntry: false }));
        if (state?.isFile()) yield { digest, bytes: state.size, stored: state.mtimeMs };
      }
    }
  }

  /** Path of the file in which an object is, if it is there. */
  path(digest: Digest): string {
    return join(this.#directory, 'objects', digest.slice(0, 2), digest.slice(2));
  }

  /** What `read` gives of an object, if the bytes that it read have the object's digest. */
  async #read<Result extends { readonly digest: Digest }>(
    digest: Digest,
    read: (path: string) => Promise<Result>,
  ): Promise<Result | undefined> {
    const path = this.path(digest);
    const found = await readObject(path, read);
    if (found?.digest === digest) return found as Result;
    if (found !== undefined) {
      // Sound after all: another process has replaced it, or it is the destination that cannot be written to.
      const again = (await this.#putAside(digest, path)) ? await read(path) : undefined;
      return again?.digest === digest ? again : undefined;
    }
    this.#onProblem({ code: 'lost-object', message: `Object ${digest} is missing from the cache` });
    return undefined;
  }

  async #addCopy(source: string): Promise<Digested> {
    // Hashed before it is copied: most often it is there already, and nothing needs to be written.
    const before = await digestOfFile(source).catch((error: unknown) => {
      throw cannotRead(source, error);
    });
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
   * matters: the bytes are on the disk before they get their name, so the name never stands for less than all of
   * them; and the name is on the disk before this returns, so that a record written afterwards cannot outlive it.
   */
  async #adopt(file: string): Promise<Digested> {
    await chmod(file, 0o444);
    const blob = await digestOfFile(file);
    if (await this.#isSound(blob.digest)) {
      await rm(file);
      return blob;
    }
    const path = this.path(blob.digest);
    await sync(file);
    await makeDirectory(dirname(path));
    await rename(file, path);
    await sync(dirname(path));
    return blob;
  }

  /** Whether an object is there and can be kept; a damaged one is put aside. */
  async #isSound(digest: Digest): Promise<boolean> {
    const path = this.path(digest);
    const found = await readObject(path, digestOfFile);
    if (found === undefined || !(found.digest === digest || (await this.#putAside(digest, path))))
      return false;
    // Stored anew, as far as the removal of garbage is concerned: no record may name it yet.
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
    return true;
  }

  /** Puts a damaged object aside. True where, in the end, a sound one is in its place. */
  async #putAside(digest: Digest, path: string): Promise<boolean> {
    const quarantined = await quarantine(this.#directory, path, digest);
    // Another process may have replaced the damaged object just before: its sound one goes back.
    if (quarantined !== undefined && (await readObject(quarantined, digestOfFile))?.digest === digest) {
      await rename(quarantined, path);
      return true;
    }
    const message = `Object ${digest} does not hold the bytes it was stored with`;
    this.#onProblem({ code: 'corrupt-object', message, ...(quarantined !== undefined && { quarantined }) });
    return false;
  }
}

/** Names in a folder; none where it is not there, or no folder. */
async function namesIn(folder: string): Promise<readonly string[]> {
  return (await orAbsent(readdir(folder))) ?? [];
}

/** What `read` gives of a file in the store, undefined where nothing is there; what is no file is not opened. */
async function readObject<Result>(
  path: string,
  read: (path: string) => Promise<Result>,
): Promise<Result | typeof UNREADABLE_OBJECT | undefined> {
  try {
    const state = await orAbsent(stat(path));
    if (state === undefined) return undefined;
    return state.isFile() ? await orAbsent(read(path)) : UNREADABLE_OBJECT;
  } catch (error) {
    if (UNREADABLE.includes(errorCode(error) ?? '')) return UNREADABLE_OBJECT;
    throw error;
  }
}
