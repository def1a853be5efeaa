import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, orAbsent } from '../../../files/system-problem.ts';
import type { Asking, RemoteStore, Source } from './remote-store.ts';

/** A folder that several machines share. */
export class FolderStore implements RemoteStore {
  readonly address: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.address = folder;
    this.#folder = folder;
  }

  async get(name: string, from: number, { signal }: Asking): Promise<AsyncIterable<Uint8Array> | undefined> {
    await stat(this.#folder); // a share that is not mounted is no empty store
    const path = join(this.#folder, name);
    if (!(await this.#isFile(path))) return undefined;
    return createReadStream(path, { start: from, signal });
  }

  async size(name: string): Promise<number | undefined> {
    await stat(this.#folder);
    const state = await orAbsent(stat(join(this.#folder, name)));
    return state?.isFile() ? state.size : undefined;
  }

  /** Appears whole or not at all, and replaces nothing. */
  async put(name: string, source: Source): Promise<void> {
    await stat(this.#folder); // a share that is not mounted is not to be made here
    const path = join(this.#folder, name);
    const temporary = join(this.#folder, 'tmp', randomUUID());
    await mkdir(dirname(temporary), { recursive: true });
    await mkdir(dirname(path), { recursive: true });
    try {
      if (source instanceof Uint8Array) await writeFile(temporary, source);
      else await copyFile(source.file, temporary);
      await link(temporary, path);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** What is no file, such as a fifo, is not opened: that could wait for ever. */
  async #isFile(path: string): Promise<boolean> {
    return (await orAbsent(stat(path)))?.isFile() ?? false;
  }
}
