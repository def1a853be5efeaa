import { canonicalJson } from '../../contract/canonical-json.ts';
import type { Json, JsonObject } from '../../contract/json.ts';
import { type Digest, digestOfBytes, isDigest } from '../../files/digest.ts';
import { isArtifact } from '../objects/is-artifact.ts';
import type { StoredArtifact } from '../objects/object-store.ts';
import type { RecordedFiles } from '../records/recorded-files.ts';

/** Version of the format of bundles. */
const BUNDLE_VERSION = 1;

/** Name of the index in a bundle, whose first entry it is. */
export function indexName(text: string): string {
  return `index/${digestOfBytes(text)}.json`;
}

/** What a bundle is of; its records and objects are entries of their own. */
export interface BundleIndex {
  readonly pipeline: string;
  /** The action that each stage was. */
  readonly stages: ReadonlyMap<string, Digest>;
  /** What the input files of these stages, and of those that it is for, were. */
  readonly files: RecordedFiles;
}

export function encodeIndex({ pipeline, stages, files }: BundleIndex): string {
  return canonicalJson({
    bundle: BUNDLE_VERSION,
    pipeline,
    stages: Object.fromEntries(stages),
    files: Object.fromEntries(files) as unknown as JsonObject, // JSON by its type, but interfaces have no index signature
  });
}

/** Throws an Error that says why a text is no index. */
export function parseIndex(text: string): BundleIndex {
  const value = JSON.parse(text) as Json;
  const { bundle, pipeline, stages, files } = Object(value) as Readonly<Record<string, unknown>>;
  if (bundle !== BUNDLE_VERSION) throw new Error(`the format ${JSON.stringify(bundle)} is unknown`);
  if (typeof pipeline !== 'string') throw new Error('it names no pipeline');
  return {
    pipeline,
    stages: new Map(entriesOf(stages, isDigest)),
    files: new Map(entriesOf<StoredArtifact>(files, isArtifact)),
  };
}

function entriesOf<T>(value: unknown, fits: (value: unknown) => value is T): [string, T][] {
  const entries = Object.entries(Object(value) as Readonly<Record<string, unknown>>);
  if (typeof value !== 'object' || Array.isArray(value) || !entries.every(([, one]) => fits(one)))
    throw new Error('a part has a wrong form');
  return entries as [string, T][];
}
