import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { Digest } from '../../files/digest.ts';
import { temporaryName } from '../../files/durable.ts';
import type { BlobStore } from '../objects/blob-store.ts';
import type { RemoteStore } from './stores/remote-store.ts';

/** Of an object whose size nobody knows: lists of folders. */
const MOST_UNKNOWN_BYTES = 64 * 1024 * 1024;
/** A connection that gives nothing for so long is broken. */
const SILENCE_MS = 30_000;
const ATTEMPTS = 4;

/** The bytes of a store are not those of the digest. */
export class RefusedBlob extends Error {}

/**
 * Brings an object into a local store; does nothing where the remote one lacks it. Its bytes are hashed while they arrive, and
 * get their name only when they are right. A transfer that breaks goes on where it broke. Throws a RefusedBlob for wrong bytes,
 * another Error where the store gives none.
 */
export async function fetchBlob(
  store: RemoteStore,
  { digest, bytes }: { readonly digest: Digest; readonly bytes: number | undefined },
  cacheDirectory: string,
  blobs: BlobStore,
): Promise<void> {
  const temporary = await temporaryName(cacheDirectory);
  const hash = createHash('sha256');
  const file = await open(temporary, 'wx');
  try {
    let written = 0;
    for (let attempt = 1; ; attempt++) {
      const before = written;
      const silence = new Silence();
      try {
        const body = await store.get(`cas/${digest}`, written, silence);
        if (body === undefined) return;
        for await (const chunk of body) {
          silence.broken();
          written += chunk.byteLength;
          if (written > (bytes ?? MOST_UNKNOWN_BYTES)) throw new RefusedBlob('it has too many bytes');
          hash.update(chunk);
          await file.write(chunk);
        }
        break;
      } catch (error) {
        // As long as each attempt brings something, another one is worth it.
        if (error instanceof RefusedBlob || (attempt >= ATTEMPTS && written === before)) throw error;
      } finally {
        silence.end();
      }
    }
    await file.close();
    if (hash.digest('hex') !== digest) throw new RefusedBlob('its bytes do not have its digest');
    await blobs.add(temporary, { move: true });
  } finally {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
  }
}

/** The whole of a small body as text. Throws an Error for one of more than `most` bytes. */
export async function readAll(body: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > most) throw new Error(`it has more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Ends a transfer that has gone silent. */
class Silence {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = this.#start();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  broken(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => this.#controller.abort(new Error('nothing came for 30 s')), SILENCE_MS);
  }
}
