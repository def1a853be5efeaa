import type { Digest, Digested } from '../../files/digest.ts';
import type { BlobStore } from '../objects/blob-store.ts';
import type { Blobs, StoredBlob } from '../objects/blobs.ts';

/** Files of a folder that are brought at once: most are small, and wait for the network. */
const AT_ONCE = 6;

/** Another place that may have objects. */
export interface Elsewhere {
  /** Bytes that an object has there; undefined if it is not there. */
  size(digest: Digest): Promise<number | undefined>;
  /** Brings an object into the store of this disk, if it can be had. `bytes`: what it has, if that is known. */
  fetch(digest: Digest, bytes: number | undefined, blobs: BlobStore): Promise<void>;
}

/** Objects of this disk; what is missing is brought from a remote cache when somebody reads it. */
export class RemoteBlobs implements Blobs {
  readonly #local: BlobStore;
  readonly #remote: Elsewhere;

  constructor(local: BlobStore, remote: Elsewhere) {
    this.#local = local;
    this.#remote = remote;
  }

  add(source: string, options: { readonly move: boolean }): Promise<Digested> {
    return this.#local.add(source, options);
  }

  addBytes(bytes: Uint8Array | string): Promise<Digested> {
    return this.#local.addBytes(bytes);
  }

  async size(digest: Digest): Promise<number | undefined> {
    return (await this.#local.size(digest)) ?? (await this.#remote.size(digest));
  }

  locate(digest: Digest, bytes?: number): Promise<string | undefined> {
    return this.#read(digest, bytes, () => this.#local.locate(digest));
  }

  bytes(digest: Digest): Promise<Buffer | undefined> {
    return this.#read(digest, undefined, () => this.#local.bytes(digest));
  }

  async copy(digest: Digest, destination: string, mode: number, bytes?: number): Promise<boolean> {
    const copied = await this.#read(digest, bytes, async () =>
      (await this.#local.copy(digest, destination, mode)) ? true : undefined,
    );
    return copied ?? false;
  }

  async bring(blobs: readonly Digested[]): Promise<void> {
    const left = [...blobs];
    const bringNext = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift())
        if ((await this.#local.size(next.digest)) === undefined)
          await this.#remote.fetch(next.digest, next.bytes, this.#local);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, bringNext));
  }

  entries(): AsyncIterable<StoredBlob> {
    return this.#local.entries();
  }

  /** Reads here; where it is lost or damaged, once more after it was brought. */
  async #read<T>(
    digest: Digest,
    bytes: number | undefined,
    read: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const isHere = (await this.#local.size(digest)) !== undefined;
    const found = isHere ? await read() : undefined;
    if (found !== undefined) return found;
    await this.#remote.fetch(digest, bytes, this.#local);
    return await read();
  }
}
