import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../contract/message-of.ts';
import { StageError } from '../../contract/stage-context.ts';
import type { Digest } from '../../files/digest.ts';
import { type ActionRecord, parseRecord } from '../records/action-record.ts';
import { type BundleIndex, indexName, parseIndex } from './bundle-index.ts';
import { BLOCK_BYTES, paddingOf, parseTarHeader, TAR_END, type TarEntry } from './tar.ts';
import { objectName, recordName } from './write-bundle.ts';

/** More than an index or a record of any use has. */
const LONGEST_TEXT = 16 * 2 ** 20;
const CHUNK_BYTES = 2 ** 20;

/** A bundle that was read whole, and found sound. */
export interface ReadBundle extends BundleIndex {
  readonly records: readonly ActionRecord[];
  /** Files that hold the objects, in the folder that was given. */
  readonly objects: ReadonlyMap<Digest, string>;
}

/**
 * Reads a bundle and checks all of it: form, digests, checksums, keys, and that nothing is missing. Objects become files
 * in `folder`, which is made; names in the bundle never become paths. Throws a StageError for anything that
 * `writeBundle` does not write, and the system's error.
 */
export async function readBundle(path: string, folder: string): Promise<ReadBundle> {
  const file = await open(path, 'r');
  try {
    const state = await file.stat();
    if (!state.isFile()) throw new StageError(`${path} is not a file`);
    await mkdir(folder);
    return await new BundleReader(file, state.size, folder).read();
  } catch (error) {
    if (!(error instanceof BadBundle)) throw error;
    throw new StageError(`${path} is not a bundle that can be used: ${error.message}`, {
      hint: 'Make it again with `pipe bundle`, or fetch it again. Nothing was added.',
    });
  } finally {
    await file.close();
  }
}

/** Why a file is no bundle. */
class BadBundle extends Error {}

class BundleReader {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #folder: string;
  readonly #objects = new Map<Digest, string>();
  readonly #records: ActionRecord[] = [];
  #at = 0;

  constructor(file: FileHandle, size: number, folder: string) {
    this.#file = file;
    this.#size = size;
    this.#folder = folder;
  }

  async read(): Promise<ReadBundle> {
    const first = await this.#nextEntry();
    if (!first?.name.startsWith('index/')) throw new BadBundle('it does not begin with an index');
    const text = await this.#text(first);
    if (first.name !== indexName(text)) throw new BadBundle(`${first.name} does not have its digest`);
    const index = understood('its index', () => parseIndex(text));
    let last = first.name;
    for (let entry = await this.#nextEntry(); entry; entry = await this.#nextEntry()) {
      if (entry.name <= last) throw new BadBundle(`${entry.name} is there twice, or not in its place`);
      last = entry.name;
      await this.#take(entry);
    }
    if (this.#at !== this.#size) throw new BadBundle('something follows its end');
    const keys = new Set(this.#records.map(({ key }) => key));
    for (const [stage, key] of index.stages)
      if (!keys.has(key)) throw new BadBundle(`the record of ${stage} is missing`);
    return { ...index, records: this.#records, objects: this.#objects };
  }

  async #take(entry: TarEntry): Promise<void> {
    const { name } = entry;
    const [, kind, digest] = /^(objects|records)\/([0-9a-f]{64})(?:\.json)?$/.exec(name) ?? [];
    if (kind === 'objects' && name === objectName(digest!))
      return await this.#takeObject(entry, digest as Digest);
    const text = kind === 'records' ? await this.#text(entry) : undefined;
    if (text === undefined) throw new BadBundle(`${JSON.stringify(name)} does not belong into a bundle`);
    if (recordName(text) !== name) throw new BadBundle(`${name} does not have its digest`);
    this.#records.push(understood(name, () => parseRecord(text)));
  }

  async #takeObject({ name, bytes }: TarEntry, digest: Digest): Promise<void> {
    const path = join(this.#folder, digest);
    const copy = await open(path, 'wx');
    const hash = createHash('sha256');
    try {
      for (let left = bytes; left > 0; ) {
        const chunk = await this.#bytes(Math.min(left, CHUNK_BYTES));
        hash.update(chunk);
        await copy.writeFile(chunk);
        left -= chunk.length;
      }
    } finally {
      await copy.close();
    }
    if (hash.digest('hex') !== digest) throw new BadBundle(`${name} does not have its digest`);
    await this.#padding(bytes);
    this.#objects.set(digest, path);
  }

  async #text({ name, bytes }: TarEntry): Promise<string> {
    if (bytes > LONGEST_TEXT) throw new BadBundle(`${name} is too long`);
    const read = await this.#bytes(bytes);
    await this.#padding(bytes);
    return understood(name, () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(read));
  }

  /** The next file, whose bytes are all there; undefined at the archive's end. */
  async #nextEntry(): Promise<TarEntry | undefined> {
    const header = await this.#bytes(BLOCK_BYTES);
    const entry = understood('a header', () => parseTarHeader(header));
    if (entry === undefined) {
      const rest = await this.#bytes(TAR_END.length - BLOCK_BYTES);
      if (rest.some((byte) => byte !== 0)) throw new BadBundle('its end is damaged');
    } else if (entry.bytes > this.#size - this.#at) throw new BadBundle('it is cut off');
    return entry;
  }

  async #padding(bytes: number): Promise<void> {
    const padding = await this.#bytes(paddingOf(bytes));
    if (padding.some((byte) => byte !== 0)) throw new BadBundle('it is damaged between two files');
  }

  async #bytes(length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    const { bytesRead } =
      length === 0 ? { bytesRead: 0 } : await this.#file.read(buffer, 0, length, this.#at);
    if (bytesRead < length) throw new BadBundle('it is cut off');
    this.#at += length;
    return buffer;
  }
}

function understood<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new BadBundle(`${what}: ${messageOf(error)}`);
  }
}
