import type { Digest, Digested } from '../files/digest.ts';
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

/** The groups that a result belongs to, each once; one without a group counts as unused. */
export type Grouping = (record: ActionRecord) => readonly string[];

/**
 * Adds up what groups of results take of a store, in several groupings, by reading every record and list of a folder once.
 * `artifacts`: what else is needed, such as input files. Gives a result for each grouping.
 */
export async function usageOf<const Groupings extends readonly Grouping[]>(
  { records, objects, blobs }: MeasuredStore,
  groupings: Groupings,
  artifacts: readonly StoredArtifact[],
): Promise<{ readonly [K in keyof Groupings]: StoreUsage }> {
  const sums = groupings.map((groupsOf) => new UsageSum(groupsOf));
  for await (const record of records.entries()) {
    const digests = await objectsOf(Object.values(record.outputs), objects);
    for (const sum of sums) sum.addResult(record, digests);
  }
  const ofArtifacts = await objectsOf(artifacts, objects);
  for await (const blob of blobs.entries())
    for (const sum of sums) sum.addObject(blob, ofArtifacts.has(blob.digest));
  // One for each grouping, which `map` does not say of tuples.
  return sums.map((sum) => sum.usage) as { [K in keyof Groupings]: StoreUsage };
}

/** What the groups of one grouping take: first all results are added, then all objects. */
class UsageSum {
  readonly #groupsOf: Grouping;
  readonly #results = new Map<string, number>();
  readonly #users = new Map<Digest, Set<string>>();
  readonly #bytes = new Map<string, number>();
  readonly #ownBytes = new Map<string, number>();
  readonly #sums = { artifactBytes: 0, unusedBytes: 0, storedBytes: 0 };

  constructor(groupsOf: Grouping) {
    this.#groupsOf = groupsOf;
  }

  addResult(record: ActionRecord, digests: ReadonlySet<Digest>): void {
    const groups = this.#groupsOf(record);
    for (const group of groups) add(this.#results, group, 1);
    for (const digest of digests)
      this.#users.set(digest, new Set([...(this.#users.get(digest) ?? []), ...groups]));
  }

  addObject({ digest, bytes }: Digested, isOfArtifact: boolean): void {
    const groups = [...(this.#users.get(digest) ?? [])];
    this.#sums.storedBytes += bytes;
    for (const group of groups) add(this.#bytes, group, bytes);
    if (groups.length === 1 && !isOfArtifact) add(this.#ownBytes, groups[0]!, bytes);
    if (groups.length === 0) this.#sums[isOfArtifact ? 'artifactBytes' : 'unusedBytes'] += bytes;
  }

  get usage(): StoreUsage {
    const groups = [...this.#results].map(([group, results]): [string, Usage] => [
      group,
      { results, bytes: this.#bytes.get(group) ?? 0, ownBytes: this.#ownBytes.get(group) ?? 0 },
    ]);
    return { groups: new Map(groups), ...this.#sums };
  }
}

function add(sums: Map<string, number>, group: string, amount: number): void {
  sums.set(group, (sums.get(group) ?? 0) + amount);
}
