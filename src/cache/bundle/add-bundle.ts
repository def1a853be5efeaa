import { rm } from 'node:fs/promises';
import { temporaryName } from '../../files/durable.ts';
import { explained } from '../../files/system-problem.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ActionRecord } from '../records/action-record.ts';
import { rememberKey } from '../records/latest.ts';
import { recordFiles } from '../records/recorded-files.ts';
import type { Records } from '../records/records.ts';
import { type ReadBundle, readBundle } from './read-bundle.ts';

/** The cache that a bundle is added to. */
export interface BundleTarget {
  readonly cacheDirectory: string;
  readonly objects: ObjectStore;
  readonly records: Records;
}

/** What came of adding a bundle. */
export interface AddedBundle {
  readonly bundle: ReadBundle;
  /** Stages of which the cache has a record already, with other outputs: that one stays. */
  readonly kept: readonly string[];
}

/**
 * Adds what a bundle holds to a cache: objects, then records, then what stages and files last were. Nothing is added
 * before all of the bundle was checked; dying on the way leaves objects that nobody knows, and no half record. Throws a
 * StageError for a bundle that is not sound, a CacheError where the cache cannot be written.
 */
export async function addBundle(path: string, target: BundleTarget): Promise<AddedBundle> {
  const { cacheDirectory, objects, records } = target;
  const folder = await explained('unpack the bundle', () => temporaryName(cacheDirectory));
  try {
    const bundle = await explained('unpack the bundle', () => readBundle(path, folder));
    for (const file of bundle.objects.values()) await objects.put(file, 'file', { move: true });
    const kept = new Set<string>();
    for (const record of bundle.records) {
      if (!sameDigests(await records.add(record), record)) kept.add(record.key);
    }
    const { pipeline, stages, files } = bundle;
    for (const [stage, key] of stages) await rememberKey(cacheDirectory, { pipeline, stage }, key);
    await explained('unpack the bundle', () => recordFiles(cacheDirectory, pipeline, files));
    return { bundle, kept: [...stages].flatMap(([stage, key]) => (kept.has(key) ? [stage] : [])) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function sameDigests(one: ActionRecord, other: ActionRecord): boolean {
  const names = Object.keys({ ...one.outputs, ...other.outputs });
  return names.every((name) => one.outputs[name]?.digest === other.outputs[name]?.digest);
}
