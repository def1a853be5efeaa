import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BlobStore } from '../../../src/cache/objects/blob-store.ts';
import type { Blobs } from '../../../src/cache/objects/blobs.ts';
import { ObjectStore } from '../../../src/cache/objects/object-store.ts';
import type { Digest, Digested } from '../../../src/files/digest.ts';
import { allOf } from '../all-of.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const noProblem = ({ message }: { message: string }) => expect.fail(message);

async function listed(blobs: Blobs): Promise<Digested[]> {
  const entries = await allOf(blobs.entries());
  return entries
    .map(({ digest, bytes }) => ({ digest, bytes }))
    .sort((one, other) => one.digest.localeCompare(other.digest));
}

it('a store lists every blob, and nothing else that lies in its folder', async () => {
  const root = await temporaryDirectory();
  const blobs = new BlobStore(root, noProblem);
  expect(await listed(blobs)).toEqual([]);
  const stored = [await blobs.addBytes('one'), await blobs.addBytes('three'), await blobs.addBytes('')];
  await writeFile(join(root, 'objects/README'), 'not an object');
  await mkdir(join(root, 'objects/ab', 'c'.repeat(62)), { recursive: true });
  await writeFile(join(root, 'objects/ab/note'), 'not an object');
  const byDigest = stored.sort((one, other) => one.digest.localeCompare(other.digest));
  expect(await listed(blobs)).toEqual(byDigest);
});

/** Blobs of this disk that brings what is missing from another place when it is read. */
class ReadThrough extends BlobStore {
  readonly #elsewhere: Blobs;

  constructor(directory: string, elsewhere: Blobs) {
    super(directory, noProblem);
    this.#elsewhere = elsewhere;
  }

  override async locate(digest: Digest): Promise<string | undefined> {
    if ((await this.size(digest)) === undefined) {
      const path = await this.#elsewhere.locate(digest);
      if (path !== undefined) await this.add(path, { move: false });
    }
    return await super.locate(digest);
  }
}

it('an artifact can be read where its blobs come from elsewhere', async () => {
  const root = await temporaryDirectory();
  const folder = join(root, 'folder');
  await mkdir(join(folder, 'deep'), { recursive: true });
  await writeFile(join(folder, 'deep/file'), 'text');
  const far = new BlobStore(join(root, 'far'), noProblem);
  const artifact = await new ObjectStore(far, noProblem).put(folder, 'directory');
  await rm(folder, { recursive: true });

  const near = new ReadThrough(join(root, 'near'), far);
  await near.locate(artifact.digest); // the tree, which is small, comes first
  const located = await new ObjectStore(near, noProblem).locate(artifact);
  expect(located).toEqual({
    artifact: 'directory',
    files: { 'deep/file': expect.stringContaining(join(root, 'near')) },
  });
  expect(await listed(near)).toEqual(await listed(far));
  expect(await readdir(join(root, 'near/tmp'))).toEqual([]);
});
