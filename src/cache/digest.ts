import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

declare const digestBrand: unique symbol;

/** SHA-256 as 64 lower-case hexadecimal digits. */
export type Digest = string & { readonly [digestBrand]: true };

/** Large enough that a gigabyte costs a thousand reads, small enough to stay in the processor's cache. */
const CHUNK_BYTES = 1 << 20;

/** Whether a value has the form of a digest; upper-case digits are refused, so that equal digests are equal strings. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** SHA-256 of bytes, or of the UTF-8 encoding of a string. */
export function digestOfBytes(bytes: Uint8Array | string): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest;
}

/**
 * SHA-256 and length of a file, read in chunks. Throws the system's error when the file cannot be read.
 */
export async function digestOfFile(path: string): Promise<{ digest: Digest; bytes: number }> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  const handle = await open(path, 'r');
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return { digest: hash.digest('hex') as Digest, bytes };
}
