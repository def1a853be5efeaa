import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BlobStore } from '../../../src/cache/objects/blob-store.ts';
import { fetchBlob, RefusedBlob } from '../../../src/cache/remote/fetch-blob.ts';
import type { RemoteStore } from '../../../src/cache/remote/stores/remote-store.ts';
import type { Digest } from '../../../src/files/digest.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

/*
 * A large object is continued where an earlier process was killed. What that has left is believed of nobody: the store may have lied
 * then, or the disk may have failed since.
 */

const CONTENT = createHash('sha512').update('seed').digest('hex').repeat(10_000); // 1.28 MB
const BYTES = Buffer.from(CONTENT);
const DIGEST = createHash('sha256').update(BYTES).digest('hex') as Digest;

/** A store with these bytes, and the offsets that it was asked for. */
function storeOf(bytes: Buffer) {
  const asked: number[] = [];
  const store: RemoteStore = {
    address: 'a store',
    async get(_, from) {
      asked.push(from);
      return (async function* () {
        for (let at = from; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
      })();
    },
    size: async () => bytes.length,
    put: async () => {},
  };
  return { store, asked };
}

/** Fetches the object, where `left` is what an earlier process has left of it. */
async function fetched(bytes: Buffer, left?: Uint8Array) {
  const cacheDirectory = await temporaryDirectory();
  const part = join(cacheDirectory, 'tmp', `${DIGEST}.part`);
  await mkdir(join(cacheDirectory, 'tmp'), { recursive: true });
  if (left !== undefined) await writeFile(part, left);
  const blobs = new BlobStore(cacheDirectory, () => {});
  const { store, asked } = storeOf(bytes);
  const to = {
    cacheDirectory,
    blobs,
    silenceMs: 30_000,
    signal: new AbortController().signal,
    onReceived: () => {},
  };
  const error = await fetchBlob(store, { digest: DIGEST, bytes: BYTES.length }, to).catch((error) => error);
  const path = await blobs.locate(DIGEST);
  return { error, asked, got: path === undefined ? undefined : await readFile(path), left: existsSync(part) };
}

it('goes on where an earlier process was killed, and asks nothing where all is here', async () => {
  const some = await fetched(BYTES, BYTES.subarray(0, 500_000));
  expect(some).toMatchObject({ error: undefined, asked: [500_000], left: false });
  expect(some.got?.equals(BYTES)).toBe(true);
  expect((await fetched(BYTES, BYTES)).asked).toEqual([]);
});

it('is right whatever an earlier process has left', async () => {
  const left = fc.record({
    of: fc.integer({ min: 0, max: BYTES.length + 10 }),
    flip: fc.option(fc.integer({ min: 0, max: BYTES.length - 1 })),
  });
  await fc.assert(
    fc.asyncProperty(left, async ({ of, flip }) => {
      const bytes = Buffer.concat([BYTES, Buffer.alloc(10)]).subarray(0, of);
      if (flip !== null && flip < of) bytes[flip]! ^= 1;
      const { error, asked, got, left } = await fetched(BYTES, bytes);
      expect([error, left]).toEqual([undefined, false]);
      expect(asked.length).toBeLessThanOrEqual(2);
      expect(got?.equals(BYTES)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

it('leaves nothing of bytes that are refused', async () => {
  const wrong = Buffer.from(BYTES).fill('x', 700_000);
  for (const left of [undefined, BYTES.subarray(0, 500_000), wrong.subarray(0, 800_000)]) {
    const refused = await fetched(wrong, left);
    expect(refused.error).toBeInstanceOf(RefusedBlob);
    expect(refused).toMatchObject({ got: undefined, left: false });
  }
  const long = await fetched(Buffer.concat([BYTES, BYTES]));
  expect(long).toMatchObject({
    error: expect.objectContaining({ message: 'it has too many bytes' }),
    left: false,
  });
});
