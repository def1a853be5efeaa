import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, orAbsent } from '../../../files/system-problem.ts';
import type { Asking, RemoteStore, Source } from './remote-store.ts';

/** Nobody writes for so long. */
const ABANDONED_MS = 7 * 24 * 60 * 60 * 1000;

/** A folder that several machines share. */
export class FolderStore implements RemoteStore {
  readonly address: string;
  readonly #folder: string;
  #tidied = false;

  constructor(folder: string) {
    this.address = folder;
    this.#folder = folder;
  }

  async get(name: string, from: number, { signal }: Asking): Promise<AsyncIterable<Uint8Array> | undefined> {
    const state = await this.#stateOf(name, signal);
    // What is no file, such as a fifo, is not opened: that could wait for ever.
    return state?.isFile() ? createReadStream(join(this.#folder, name), { start: from, signal }) : undefined;
  }

  async size(name: string, { signal }: Asking): Promise<number | undefined> {
    const state = await this.#stateOf(name, signal);
    return state?.isFile() ? state.size : undefined;
  }

  /** Appears whole or not at all. */
  async put(name: string, source: Source, how: 'create' | 'replace', asking: Asking): Promise<void> {
    await before(asking.signal, stat(this.#folder)); // a share that is not mounted is not to be made here
    const path = join(this.#folder, name);
    const temporary = join(this.#folder, 'tmp', randomUUID());
    await mkdir(dirname(temporary), { recursive: true });
    await mkdir(dirname(path), { recursive: true });
    try {
      await write(temporary, source, asking);
      await this.#removeAbandoned(temporary);
      if (how === 'replace') await rename(temporary, path);
      else await link(temporary, path);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Uploads that were killed leave what they had. `fresh`, which was written now, tells the time by the clock of the share. */
  async #removeAbandoned(fresh: string): Promise<void> {
    if (this.#tidied) return;
    this.#tidied = true;
    const { mtimeMs: now } = await stat(fresh);
    for (const name of await readdir(dirname(fresh))) {
      const path = join(dirname(fresh), name);
      const state = await orAbsent(stat(path));
      // Only space depends on it.
      if (state !== undefined && now - state.mtimeMs > ABANDONED_MS)
        await rm(path, { force: true }).catch(() => {});
    }
  }

  /** Throws where the folder itself is gone: a share that is not mounted is no empty store. */
  async #stateOf(name: string, signal: AbortSignal) {
    await before(signal, stat(this.#folder));
    return await before(signal, orAbsent(stat(join(this.#folder, name))));
  }
}

/** Syncs it: whoever sees the name may read it at once, on another machine. */
async function write(path: string, source: Source, { signal, onSent }: Asking): Promise<void> {
  const file = await open(path, 'wx');
  try {
    const chunks =
      source instanceof Uint8Array ? [source] : createReadStream(source.file, { highWaterMark: 1 << 20 });
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
      onSent?.(chunk.byteLength);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What a promise gives, unless the signal comes first: a share whose server is gone answers nothing at all. */
async function before<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let giveUp = () => {};
  const ended = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
  });
  signal.addEventListener('abort', giveUp);
  try {
    return await Promise.race([answer, ended]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
