import type { Digest, Digested } from '../../files/digest.ts';

/** A blob as a list of the store shows it. */
export interface StoredBlob extends Digested {
  /** When somebody stored these bytes last, in milliseconds since 1970. */
  readonly stored: number;
}

/**
 * Immutable byte strings, named by their digest. `BlobStore` keeps them on this disk; another one may bring what is missing
 * from elsewhere. Whoever reads a blob reads bytes that were hashed on that very read. Errors of the system pass unchanged.
 */
export interface Blobs {
  /** Stores a file's bytes; with `move` the file is gone from its place afterwards. */
  add(source: string, options: { readonly move: boolean }): Promise<Digested>;
  /** Stores bytes that are in memory. */
  addBytes(bytes: Uint8Array | string): Promise<Digested>;
  /** Bytes that a blob has, which are not looked at; undefined without the blob. */
  size(digest: Digest): Promise<number | undefined>;
  /**
   * Path of a file with the blob's bytes; undefined, with the problem reported, where they are lost or damaged. `bytes`: how many
   * it has, where that is known.
   */
  locate(digest: Digest, bytes?: number): Promise<string | undefined>;
  /** The bytes of a small blob; undefined, with the problem reported, where they are lost or damaged. */
  bytes(digest: Digest): Promise<Buffer | undefined>;
  /** Copies a blob to a file that must not exist. False, with the problem reported and no file, where it is lost or damaged. */
  copy(digest: Digest, destination: string, mode: number, bytes?: number): Promise<boolean>;
  /** Brings here what is elsewhere and is about to be read, several at once. It only saves time. */
  bring(blobs: readonly Digested[]): Promise<void>;
  /** Every blob that is stored here, in any order; their bytes are not looked at. */
  entries(): AsyncIterable<StoredBlob>;
}
