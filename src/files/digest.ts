import { createHash, hash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';

declare const digestBrand: unique symbol;

/** SHA-256 as 64 lower-case hexadecimal digits. */
export type Digest = string & { readonly [digestBrand]: true };

/** Large enough that a gigabyte costs a thousand reads, small enough to stay in the processor's cache. */
const CHUNK_BYTES = 1 << 20;
/** For files whose size says nothing. */
const SMALLEST_CHUNK_BYTES = 1 << 12;

/** Whether a value has the form of a digest; upper-case digits are refused, so that equal digests are equal strings. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** SHA-256 of bytes, or of the UTF-8 encoding of a string. */
export function digestOfBytes(bytes: Uint8Array | string): Digest {
  return hash('sha256', bytes) as Digest;
}

/** Digest and length in bytes of what was read. */
export interface Digested {
  readonly digest: Digest;
  readonly bytes: number;
}

/** SHA-256 and length of a file, read in chunks. Throws the system's error when the file cannot be read. */
export async function digestOfFile(path: string): Promise<Digested> {
  return await digestOfChunks(path, async () => {});
}

/**
 * Copies a file and gives SHA-256 and length of exactly the bytes that the copy holds. It is a reflink where the file
 * system can. A file at `destination` is overwritten. Throws the system's error, and may leave a part of the copy then.
 */
export async function copyWithDigest(source: string, destination: string): Promise<Digested> {
  if (await reflinked(source, destination)) return await digestOfFile(destination);
  const copy = await open(destination, 'w');
  try {
    return await digestOfChunks(source, (chunk) => copy.writeFile(chunk));
  } finally {
    await copy.close();
  }
}

/** The next chunk is read, and this one written, while this one is hashed: the hash alone takes time then. */
async function digestOfChunks(path: string, write: (chunk: Uint8Array) => Promise<void>): Promise<Digested> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'r');
  try {
    // Large buffers for small files are what V8 collects garbage for, more than for all else in a run of small stages.
    const length = Math.min(Math.max(SMALLEST_CHUNK_BYTES, (await file.stat()).size + 1), CHUNK_BYTES);
    let [buffer, other] = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)];
    let { bytesRead } = await file.read(buffer, 0, length, null);
    while (bytesRead > 0) {
      const chunk = buffer.subarray(0, bytesRead);
      const both = Promise.all([file.read(other, 0, length, null), write(chunk)]);
      hash.update(chunk);
      bytes += bytesRead;
      [{ bytesRead }] = await both;
      [buffer, other] = [other, buffer];
    }
  } finally {
    await file.close();
  }
  return { digest: hash.digest('hex') as Digest, bytes };
}

/** False, whatever the reason, if there is no reflink: copying the bytes reports what is wrong. */
async function reflinked(source: string, destination: string): Promise<boolean> {
  return await copyFile(source, destination, constants.COPYFILE_FICLONE_FORCE).then(
    () => true,
    () => false,
  );
}
