import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { ArrivedPart, BegunUpload, PartUploads } from './part-uploads.ts';
import type { Asking, Source } from './remote-store.ts';
import { tried } from './retried.ts';
import { Refusal } from './store-request.ts';

/** S3 takes at least 5 MiB a part, and at most 10,000 of them. */
const SMALLEST_PART = 8 * 1024 * 1024;
const MOST_PARTS = 10_000;
/** What is in memory is this many parts. */
const PARTS_AT_ONCE = 3;
/** Nobody goes on with an upload after so long. */
const STALE_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Uploads a file in parts. An upload of the same name that was begun before, by whomever, goes on: the name says what the bytes
 * are, and of the parts that have arrived those count whose ETag is the MD5 of ours. `isThere`: whether the store has the whole
 * object, for the case that somebody else has finished the same upload. Throws an Error where the store says no; the parts stay there for the next try.
 */
export async function uploadInParts(
  uploads: PartUploads,
  name: string,
  source: Exclude<Source, Uint8Array>,
  isThere: () => Promise<boolean>,
  asking: Asking,
): Promise<void> {
  const [begun, ...others] = await begunBefore(uploads, name, asking);
  const upload = begun ?? (await uploads.begin(name, asking));
  try {
    const etags = await sendParts(uploads, upload, source, begun !== undefined, asking);
    await tried(asking.signal, () => uploads.complete(upload, etags, asking));
  } catch (error) {
    // Stores differ in what they say of an upload that another one has completed meanwhile.
    if (asking.signal.aborted || !(await isThere())) throw error;
  }
  for (const other of others) await uploads.abort(other, asking).catch(() => {}); // only space depends on it
}

/** Ends uploads that nobody went on with for a week: their parts take space and are paid for. Only space depends on it. */
export async function abortStale(uploads: PartUploads, asking: Asking): Promise<void> {
  try {
    for (const upload of await uploads.begun('cas/', asking))
      if (upload.age > STALE_MS) await uploads.abort(upload, asking);
  } catch {
    // A lifecycle rule of the bucket does it as well, and not everybody may list or abort.
  }
}

/** Not every store lists uploads, and not everybody may: then this is a new one. */
async function begunBefore(
  uploads: PartUploads,
  name: string,
  asking: Asking,
): Promise<readonly BegunUpload[]> {
  try {
    return await uploads.begun(name, asking);
  } catch (error) {
    if (error instanceof Refusal && !error.isPassing) return [];
    throw error;
  }
}

/** Who may not list parts sends all of them. */
async function arrivedBefore(
  uploads: PartUploads,
  upload: BegunUpload,
  asking: Asking,
): Promise<ReadonlyMap<number, ArrivedPart>> {
  try {
    return await uploads.arrived(upload, asking);
  } catch (error) {
    if (error instanceof Refusal && error.status === 403) return new Map();
    throw error;
  }
}

/** Returns the ETags of all parts, in their order. */
async function sendParts(
  uploads: PartUploads,
  upload: BegunUpload,
  { file, bytes: size }: Exclude<Source, Uint8Array>,
  goesOn: boolean,
  asking: Asking,
): Promise<readonly string[]> {
  const partBytes = Math.max(SMALLEST_PART, Math.ceil(size / MOST_PARTS));
  const etags = new Array<string>(Math.ceil(size / partBytes));
  const arrived = goesOn ? await arrivedBefore(uploads, upload, asking) : new Map();
  const handle = await open(file);
  try {
    let next = 0;
    const sendNext = async (): Promise<void> => {
      while (next < etags.length) {
        const i = next++;
        const bytes = await partAt(handle, i * partBytes, Math.min(partBytes, size - i * partBytes));
        const there = arrived.get(i + 1);
        const isRight = there?.bytes === bytes.byteLength && there.etag === md5(bytes);
        etags[i] = isRight
          ? there.etag
          : await tried(asking.signal, () => uploads.send(upload, i + 1, bytes, asking));
        if (isRight) asking.onSent?.(bytes.byteLength);
      }
    };
    const failed = await Promise.allSettled(Array.from({ length: PARTS_AT_ONCE }, sendNext));
    for (const end of failed) if (end.status === 'rejected') throw end.reason;
    return etags;
  } finally {
    await handle.close();
  }
}

async function partAt(handle: FileHandle, from: number, bytes: number): Promise<Buffer<ArrayBuffer>> {
  const part = Buffer.alloc(bytes);
  for (let read = 0; read < bytes; ) {
    const { bytesRead } = await handle.read(part, read, bytes - read, from + read);
    if (bytesRead === 0) throw new Error('a file became shorter while it was uploaded');
    read += bytesRead;
  }
  return part;
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
