import { createHash, type Hash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../files/digest.ts';
import { temporaryName } from '../../files/durable.ts';
import { acquireLock } from '../../files/lock.ts';
import type { BlobStore } from '../objects/blob-store.ts';
import { Silence } from './silence.ts';
import type { RemoteStore } from './stores/remote-store.ts';

/** Of an object whose size nobody knows: lists of folders. */
const MOST_UNKNOWN_BYTES = 64 * 1024 * 1024;
/** What came of a larger object before this process was killed is kept for the next one. */
const RESUMED_BYTES = 1024 * 1024;
const ATTEMPTS = 4;
/** An attempt that brings less has failed: a store could give a byte at a time for ever. */
const LEAST_ADVANCE_BYTES = 64 * 1024;

/** An object that is wanted. */
export interface WantedBlob {
  readonly digest: Digest;
  /** Bytes that it has, if that is known. */
  readonly bytes: number | undefined;
}

/** Where an object is brought. */
export interface BlobDestination {
  readonly cacheDirectory: string;
  readonly blobs: BlobStore;
  /** A transfer that is silent for so long is broken. */
  readonly silenceMs: number;
  /** Ends the transfer, and the waiting for another process that has it. */
  readonly signal: AbortSignal;
  /** Called with the number of bytes as they arrive. */
  readonly onReceived: (bytes: number) => void;
}

/** The bytes of a store are not those of the digest. */
export class RefusedBlob extends Error {}

/**
 * Brings an object into a local store; does nothing where the remote one lacks it. Its bytes are hashed while they arrive, and
 * get their name only when they are right. A transfer that breaks goes on where it broke, that of a large object also in another
 * process; while one brings it, others wait for it. Throws a RefusedBlob for wrong bytes, another Error where the store gives none.
 */
export async function fetchBlob(store: RemoteStore, wanted: WantedBlob, to: BlobDestination): Promise<void> {
  const { cacheDirectory, blobs } = to;
  if ((wanted.bytes ?? 0) < RESUMED_BYTES) {
    const path = await temporaryName(cacheDirectory);
    try {
      await bring(store, wanted, path, to);
    } finally {
      await rm(path, { force: true });
    }
    return;
  }
  const path = join(cacheDirectory, 'tmp', `${wanted.digest}.part`);
  const lock = await acquireLock(`${path}.lock`, {
    run: 'that brings an object',
    signal: to.signal,
    onWaiting: () => {},
  });
  try {
    if ((await blobs.size(wanted.digest)) !== undefined) return; // another process has brought it
    const began = await bring(store, wanted, path, to).catch(async (error: unknown) => {
      if (error instanceof RefusedBlob) await rm(path, { force: true });
      throw error;
    });
    // What an earlier process has left may be damaged, or of a store that lied then.
    if (began === 'with wrong bytes') await bring(store, wanted, path, to);
  } finally {
    await lock.release();
  }
}

/**
 * Continues a file, which may be absent, until it is the object. `with wrong bytes`: it is not, but had bytes from before, and is
 * gone.
 */
async function bring(
  store: RemoteStore,
  { digest, bytes }: WantedBlob,
  path: string,
  to: BlobDestination,
): Promise<'with wrong bytes' | undefined> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  let began: number;
  try {
    const hash = createHash('sha256');
    began = await hashed(file, path, hash, bytes);
    to.onReceived(began);
    if (!(await append(store, { digest, bytes }, { file, hash, written: began }, to))) {
      await rm(path, { force: true });
      return undefined;
    }
    await file.close();
    if (hash.digest('hex') === digest) {
      await to.blobs.add(path, { move: true });
      return undefined;
    }
  } finally {
    await file.close().catch(() => {});
  }
  await rm(path, { force: true });
  if (began === 0) throw new RefusedBlob('its bytes do not have its digest');
  return 'with wrong bytes';
}

/** A file that grows. */
interface Growing {
  readonly file: FileHandle;
  readonly hash: Hash;
  written: number;
}

/** Appends all that the store has. False where it has no such object. */
async function append(
  store: RemoteStore,
  { digest, bytes }: WantedBlob,
  to: Growing,
  { silenceMs, signal, onReceived }: BlobDestination,
): Promise<boolean> {
  let failures = 0;
  while (to.written === 0 || to.written !== bytes) {
    const before = to.written;
    const silence = new Silence(silenceMs, signal);
    try {
      const body = await store.get(`cas/${digest}`, to.written, silence);
      if (body === undefined) return false;
      for await (const chunk of body) {
        silence.moved(chunk.byteLength);
        if (to.written + chunk.byteLength > (bytes ?? MOST_UNKNOWN_BYTES))
          throw new RefusedBlob('it has too many bytes');
        await to.file.write(chunk, 0, chunk.byteLength, to.written);
        to.hash.update(chunk);
        to.written += chunk.byteLength;
        onReceived(chunk.byteLength);
      }
      return true;
    } catch (error) {
      if (error instanceof RefusedBlob || signal.aborted) throw error;
      // As long as attempts bring something, another one is worth it; after a silence that brought nothing none is.
      failures = to.written - before >= LEAST_ADVANCE_BYTES ? 0 : failures + 1;
      if (failures >= ATTEMPTS || (failures > 0 && silence.signal.aborted)) throw error;
    } finally {
      silence.over();
    }
  }
  return true;
}

/** Hashes what is in a file; empties it where that cannot be the beginning of the object. Returns how many bytes that are. */
async function hashed(
  file: FileHandle,
  path: string,
  hash: Hash,
  bytes: number | undefined,
): Promise<number> {
  const { size } = await file.stat();
  if (size > (bytes ?? 0)) {
    await file.truncate(0);
    return 0;
  }
  if (size > 0)
    for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 1 << 20 }))
      hash.update(chunk);
  return size;
}
