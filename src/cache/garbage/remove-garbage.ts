import { rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '../../files/digest.ts';
import { explained } from '../../files/system-problem.ts';
import type { BlobStore } from '../objects/blob-store.ts';
import type { ActionRecord } from '../records/action-record.ts';
import { type Collectable, type Garbage, objectsOf, type Roots } from './find-garbage.ts';
import { ifFree } from './if-free.ts';
import { Trash } from './trash.ts';

/** The cache of this disk, from which files can be taken. */
export interface Removable extends Collectable {
  readonly cacheDirectory: string;
  readonly locksDirectory: string;
  readonly blobs: BlobStore;
}

/**
 * Removes garbage beside runs that are at work, in this order: records before objects, so that no record is left without
 * them; all into the trash first; then `roots` are asked again, and what is needed by now is given back. Whoever has begun
 * meanwhile finds what he needs, or makes it again. A process that dies here leaves at most a full trash, and the next one
 * gives that back.
 */
export async function removeGarbage(
  cache: Removable,
  { actions, objects }: Pick<Garbage, 'actions' | 'objects'>,
  roots: () => Promise<Roots>,
): Promise<void> {
  await explained('remove garbage', async () => {
    const trash = new Trash(cache.cacheDirectory);
    for (const { record } of actions) await takeRecord(cache, record, trash);
    // Whoever finds an object marks it as stored anew: possibly since it was listed.
    const stored = new Map<Digest, number>();
    for (const { digest } of objects) stored.set(digest, (await trash.take(cache.blobs.path(digest))) ?? 0);
    const now = await roots();
    const needed = actions.filter(({ record }) => now.actions.has(record.key));
    for (const { record } of needed) await trash.giveBack(cache.records.path(record));
    const named = await objectsOfRecords(cache, trash);
    for (const digest of await objectsOf(now.artifacts, cache.objects)) named.add(digest);
    for (const [digest, time] of stored)
      if (named.has(digest) || time >= now.since) await trash.giveBack(cache.blobs.path(digest));
    await trash.empty();
  });
}

/** Every object that some record names. Trees are given back first: they may be in the trash themselves. */
async function objectsOfRecords({ records, objects, blobs }: Removable, trash: Trash): Promise<Set<Digest>> {
  const named = new Set<Digest>();
  for await (const { outputs } of records.entries()) {
    const artifacts = Object.values(outputs);
    for (const { digest } of artifacts) if (!named.has(digest)) await trash.giveBack(blobs.path(digest));
    for (const digest of await objectsOf(artifacts, objects)) named.add(digest);
  }
  return named;
}

/** Takes a record unless somebody is at work on its action; its folder goes with the last one. */
async function takeRecord(
  { locksDirectory, records }: Removable,
  record: ActionRecord,
  trash: Trash,
): Promise<void> {
  await ifFree(join(locksDirectory, record.key), async () => {
    const path = records.path(record);
    await trash.take(path);
    await rmdir(dirname(path)).catch(() => {}); // there may be records with other facts
  });
}
