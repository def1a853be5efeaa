import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { type Digest, type Digested, digestOfBytes } from '../../files/digest.ts';
import type { BlobStore } from '../objects/blob-store.ts';
import type { ObjectStore, StoredArtifact } from '../objects/object-store.ts';
import { fetchBlob, RefusedBlob } from './fetch-blob.ts';
import { Patience } from './patience.ts';
import { readAll, TooLong } from './read-all.ts';
import { sendArtifact } from './send-artifact.ts';
import { Silence } from './silence.ts';
import type { Asking, RemoteStore } from './stores/remote-store.ts';

const MOST_CLAIM_BYTES = 1024;

/** Something that the other machine was to find in the store is lost, there and here. */
export class LostObject extends Error {}

export interface ExchangeOptions {
  /** For messages. */
  readonly address: string;
  /** Opened when it is first needed. */
  readonly open: () => Promise<RemoteStore>;
  /** Where transfers are kept that are not complete. */
  readonly cacheDirectory: string;
  readonly patience?: Patience;
}

/**
 * What machines hand to each other through a store if they share no folder. A cache is done without when it fails; here nothing
 * goes on without the store, so every method throws an Error in words. Nothing that comes is used before it has its digest: a
 * RefusedObject says that it has not.
 */
export class Exchange {
  readonly address: string;
  readonly #options: ExchangeOptions;
  readonly #patience: Patience;
  readonly #damaged = new Set<string>();
  #store: RemoteStore | undefined;

  constructor(options: ExchangeOptions) {
    this.address = options.address;
    this.#options = options;
    this.#patience = options.patience ?? new Patience();
  }

  /** Sees to it that the other machine finds an artifact. Throws a LostObject if something of it is nowhere. */
  async send(artifact: StoredArtifact, objects: ObjectStore, signal: AbortSignal): Promise<void> {
    const lost = await sendArtifact(await this.#opened(), artifact, objects, {
      patience: this.#patience,
      isDamaged: (name) => this.#damaged.has(name),
      send: (put) => this.#moving(signal, (silence) => put(asking(silence))),
    });
    if (lost !== undefined) throw new LostObject(`object ${lost} is neither here nor in ${this.address}`);
    this.#damaged.delete(`cas/${artifact.digest}`);
  }

  /** Stores a text for the other machine. */
  async sendText(text: string, signal: AbortSignal): Promise<Digested> {
    const store = await this.#opened();
    const bytes = Buffer.from(text);
    const digest = digestOfBytes(bytes);
    const name = `cas/${digest}`;
    const there = await store.size(name, this.#patience.shortly());
    if (there !== bytes.length || this.#damaged.has(name))
      await this.#moving(signal, (silence) =>
        store.put(name, bytes, there === undefined ? 'create' : 'replace', asking(silence)),
      );
    return { digest, bytes: bytes.length };
  }

  /** A text that the other machine has stored, of which the size is known. */
  async text({ digest, bytes }: Digested, signal: AbortSignal): Promise<string> {
    const text = await this.#moving(signal, async (silence) =>
      readAll(counted(await this.#body(digest, silence), silence), bytes).catch((error: unknown) => {
        throw error instanceof TooLong ? this.#refused(digest) : error;
      }),
    );
    if (digestOfBytes(text) !== digest) throw this.#refused(digest);
    return text;
  }

  /** The same of a file, which has its name only when it is right. */
  async save({ digest, bytes }: Digested, path: string, signal: AbortSignal): Promise<void> {
    const part = `${path}.part`;
    const hash = createHash('sha256');
    const file = await open(part, 'w');
    try {
      await this.#moving(signal, async (silence) => {
        let left = bytes;
        for await (const chunk of counted(await this.#body(digest, silence), silence)) {
          left -= chunk.byteLength;
          if (left < 0) throw this.#refused(digest);
          await file.writeFile(chunk);
          hash.update(chunk);
        }
      });
      if (hash.digest('hex') !== digest) throw this.#refused(digest);
      await rename(part, path);
    } finally {
      await file.close();
      await rm(part, { force: true });
    }
  }

  /** Bytes that an object has in the store; undefined if it is not there. */
  async size(digest: Digest): Promise<number | undefined> {
    return await (await this.#opened()).size(`cas/${digest}`, this.#patience.shortly());
  }

  /** Brings an object into the store of this disk. */
  async fetch(digest: Digest, bytes: number | undefined, blobs: BlobStore): Promise<void> {
    const { cacheDirectory } = this.#options;
    const signal = new AbortController().signal; // whoever does not want it any more ends the process
    const { silenceMs } = this.#patience;
    const to = { cacheDirectory, blobs, silenceMs, signal, onReceived: () => {} };
    try {
      await fetchBlob(await this.#opened(), { digest, bytes }, to);
    } catch (error) {
      throw error instanceof RefusedBlob ? this.#refused(digest) : error;
    }
    if ((await blobs.size(digest)) === undefined) throw this.#absent(digest);
  }

  /**
   * Puts a text under a name unless there is one, and gives the text that is there: of all that try it, each gets that of the
   * first. A store that knows no conditions may give each its own.
   */
  async claim(name: string, text: string): Promise<string> {
    const store = await this.#opened();
    await store.put(name, Buffer.from(text), 'create', this.#patience.shortly());
    const body = await store.get(name, 0, this.#patience.shortly());
    if (body === undefined) throw new Error(`${this.address} does not keep what is stored there`);
    return await readAll(body, MOST_CLAIM_BYTES);
  }

  /** The other machine has refused an object: it is sent again. */
  distrust(digest: Digest): void {
    this.#damaged.add(`cas/${digest}`);
  }

  async #body(digest: Digest, silence: Silence): Promise<AsyncIterable<Uint8Array>> {
    const store = await this.#opened();
    const body = await store.get(`cas/${digest}`, 0, asking(silence));
    if (body === undefined) throw this.#absent(digest);
    return body;
  }

  #absent(digest: Digest): RefusedObject {
    return new RefusedObject(digest, `object ${digest} is not in ${this.address}`);
  }

  #refused(digest: Digest): RefusedObject {
    return new RefusedObject(
      digest,
      `object ${digest} of ${this.address} is not used: its bytes do not have its digest`,
    );
  }

  async #moving<T>(signal: AbortSignal, move: (silence: Silence) => Promise<T>): Promise<T> {
    const silence = new Silence(this.#patience.silenceMs, signal);
    try {
      return await move(silence);
    } finally {
      silence.over();
    }
  }

  /** One that could not be opened is tried again. */
  async #opened(): Promise<RemoteStore> {
    this.#store ??= await this.#options.open();
    return this.#store;
  }
}

/** The store does not give what the other machine has put there: asking again is in vain. */
export class RefusedObject extends Error {
  readonly digest: Digest;

  constructor(digest: Digest, message: string) {
    super(message);
    this.digest = digest;
  }
}

function asking(silence: Silence): Asking {
  return { signal: silence.signal, onSent: (bytes) => silence.moved(bytes) };
}

async function* counted(body: AsyncIterable<Uint8Array>, silence: Silence): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    silence.moved(chunk.byteLength);
    yield chunk;
  }
}
