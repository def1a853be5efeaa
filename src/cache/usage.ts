import type { Digest } from '../files/digest.ts';
import { type Collectable, objectsOf } from './garbage/find-garbage.ts';
import type { StoredArtifact } from './objects/object-store.ts';
import type { ActionRecord } from './records/action-record.ts';
import type { Records } from './records/records.ts';

/** What a group of results takes of the store. */
export interface Usage {
  readonly results: number;
  /** Of all objects that its results are made of. */
  readonly bytes: number;
  /** Of those that no result of another group is made of: what goes with the group. */
  readonly ownBytes: number;
}

/** Who uses the objects of a store. */
export interface StoreUsage {
  readonly groups: ReadonlyMap<string, Usage>;
  /** Bytes of objects that only `artifacts` are made of. */
  readonly artifactBytes: number;
  /** Bytes of objects that nothing here is made of. */
  readonly unusedBytes: number;
  readonly storedBytes: number;
}

/** The parts of a cache that are measured. */
export interface MeasuredStore extends Pick<Collectable, 'objects' | 'blobs'> {
  readonly records: Pick<Records, 'entries'>;
}

/**
 * Adds up what groups of results take of a store, by reading records and lists of folders alone. `groupsOf`: the groups that a
 * result belongs to, each once; one without a group counts as unused. `artifacts`: what else is needed, such as input files.
 */
export async function usageOf(
  { records, objects, blobs }: MeasuredStore,
  groupsOf: (record: ActionRecord) => readonly string[],
  artifacts: readonly StoredArtifact[],
): Promise<StoreUsage> {
  const results = new Map<string, number>();
  const users = new Map<Digest, Set<string>>();
  for await (const record of records.entries()) {
    const groups = groupsOf(record);
    for (const group of groups) results.set(group, (results.get(group) ?? 0) + 1);
    for (const digest of await objectsOf(Object.values(record.outputs), objects)) {
      const groupsOfObject = users.get(digest) ?? new Set();
      for (const group of groups) groupsOfObject.add(group);
      users.set(digest, groupsOfObject);
    }
  }
  const artifactObjects = await objectsOf(artifacts, objects);
  const bytes = new Map<string, number>();
  const ownBytes = new Map<string, number>();
  const sums = { artifactBytes: 0, unusedBytes: 0, storedBytes: 0 };
  for await (const blob of blobs.entries()) {
    const groups = [...(users.get(blob.digest) ?? [])];
    sums.storedBytes += blob.bytes;
    for (const group of groups) add(bytes, group, blob.bytes);
    if (groups.length === 1 && !artifactObjects.has(blob.digest)) add(ownBytes, groups[0]!, blob.bytes);
    if (groups.length === 0)
      sums[artifactObjects.has(blob.digest) ? 'artifactBytes' : 'unusedBytes'] += blob.bytes;
  }
  const groups = [...results].map(([group, count]): [string, Usage] => [
    group,
    { results: count, bytes: bytes.get(group) ?? 0, ownBytes: ownBytes.get(group) ?? 0 },
  ]);
  return { groups: new Map(groups), ...sums };
}

function add(sums: Map<string, number>, group: string, bytes: number): void {
  sums.set(group, (sums.get(group) ?? 0) + bytes);
}
