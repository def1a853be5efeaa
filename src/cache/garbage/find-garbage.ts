import { statSync } from 'node:fs';
import type { Digest } from '../../files/digest.ts';
import type { StoredBlob } from '../objects/blobs.ts';
import type { ObjectStore, StoredArtifact } from '../objects/object-store.ts';
import type { ActionRecord } from '../records/action-record.ts';
import type { ActionRecords } from '../records/action-records.ts';

/** What must stay, whatever else goes. */
export interface Roots {
  /** Actions whose records stay, with their outputs. */
  readonly actions: ReadonlySet<Digest>;
  /** Records stay that were written since then (milliseconds since 1970): a bundle's are named by no run yet. */
  readonly recordedSince: number;
  /** Input files. */
  readonly artifacts: readonly StoredArtifact[];
  /**
   * Objects that were stored since then (milliseconds since 1970) may be a part of a result that is not recorded yet.
   * Infinity where nobody is at work.
   */
  readonly since: number;
}

/** A result that nothing needs. */
export interface UnneededAction {
  readonly record: ActionRecord;
  /** When a run last used it, in milliseconds since 1970. */
  readonly lastUsed: number;
  /** Bytes of the objects that go with it: others may share the rest. */
  readonly bytes: number;
}

/** What can be removed; removing it harms nothing that the roots need. */
export interface Garbage {
  /** The longest unused first. */
  readonly actions: readonly UnneededAction[];
  readonly objects: readonly StoredBlob[];
  /** Bytes of all objects before anything goes. */
  readonly storedBytes: number;
}

export interface GarbageOptions {
  /** Milliseconds since 1970 at which a run last used an action; undefined where none is known. */
  readonly lastUsed: (action: Digest) => number | undefined;
  /** Stop as soon as the store is this small; by default everything goes that nothing needs. */
  readonly downTo?: number | undefined;
}

/** The cache as far as garbage is concerned. */
export interface Collectable {
  readonly records: ActionRecords;
  readonly objects: ObjectStore;
  /** Every object, with the time at which it was stored last. */
  readonly blobs: { entries(): AsyncIterable<StoredBlob> };
}

/**
 * Finds the results and objects that the roots do not need, by reading records and lists of folders alone. With `downTo`
 * only as many as that takes, the longest unused first; objects that no record names always.
 */
export async function findGarbage(
  cache: Collectable,
  roots: Roots,
  { lastUsed, downTo = 0 }: GarbageOptions,
): Promise<Garbage> {
  const { needed, unneeded } = await resultsOf(cache, roots);
  const uses = new Map<Digest, number>();
  for (const { digests } of unneeded)
    for (const digest of digests) uses.set(digest, (uses.get(digest) ?? 0) + 1);

  const stored = new Map<Digest, StoredBlob>();
  const objects: StoredBlob[] = [];
  let storedBytes = 0;
  for await (const blob of cache.blobs.entries()) {
    storedBytes += blob.bytes;
    if (needed.has(blob.digest) || blob.stored >= roots.since) continue;
    if (uses.has(blob.digest)) stored.set(blob.digest, blob);
    else objects.push(blob);
  }

  const timeOf = ({ key, provenance }: ActionRecord) =>
    lastUsed(key) ?? (Date.parse(String(provenance.finished)) || 0);
  const byAge = unneeded.sort((one, other) => timeOf(one.record) - timeOf(other.record));
  const actions: UnneededAction[] = [];
  let left = storedBytes - sum(objects);
  for (const { record, digests } of byAge) {
    if (downTo > 0 && left <= downTo) break;
    for (const digest of digests) uses.set(digest, uses.get(digest)! - 1);
    const freed = [...digests].flatMap((digest) =>
      uses.get(digest) === 0 ? (stored.get(digest) ?? []) : [],
    );
    objects.push(...freed);
    left -= sum(freed);
    actions.push({ record, lastUsed: timeOf(record), bytes: sum(freed) });
  }
  return { actions, objects, storedBytes };
}

/** What the roots need, and every other result with its objects. */
async function resultsOf({ records, objects }: Collectable, roots: Roots) {
  const needed = new Set<Digest>();
  const unneeded: { readonly record: ActionRecord; readonly digests: ReadonlySet<Digest> }[] = [];
  for await (const record of records.entries()) {
    const digests = await objectsOf(Object.values(record.outputs), objects);
    if (!isNeeded(record, records, roots)) unneeded.push({ record, digests });
    else for (const digest of digests) needed.add(digest);
  }
  for (const digest of await objectsOf(roots.artifacts, objects)) needed.add(digest);
  return { needed, unneeded };
}

/** Whether a record stays. One that has just gone is nobody's. */
function isNeeded(record: ActionRecord, records: ActionRecords, roots: Roots): boolean {
  if (roots.actions.has(record.key)) return true;
  const written = statSync(records.path(record), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return written >= roots.recordedSince;
}

/** Every object of some artifacts. */
export async function objectsOf(
  artifacts: readonly StoredArtifact[],
  objects: ObjectStore,
): Promise<ReadonlySet<Digest>> {
  const digests = new Set<Digest>();
  for (const artifact of artifacts) for (const digest of await objects.names(artifact)) digests.add(digest);
  return digests;
}

function sum(blobs: readonly StoredBlob[]): number {
  return blobs.reduce((total, { bytes }) => total + bytes, 0);
}
