import { canonicalJson } from '../../contract/canonical-json.ts';
import type { JsonObject } from '../../contract/json.ts';
import { type Digest, digestOfBytes, isDigest } from '../../files/digest.ts';
import { isArtifact } from '../objects/is-artifact.ts';
import type { StoredArtifact } from '../objects/object-store.ts';
import { KEY_FORMAT, type KeyManifest } from './action-key.ts';

/** Version of the record's format; a record of another version is a miss. */
export const RECORD_VERSION = 1;

/** An output of a finished action. `inline` holds the bytes of a small file besides (see inline-outputs.ts). */
export type RecordedOutput = StoredArtifact & { readonly inline?: string };

/** That an action was finished: what determined it, and what came out. */
export interface ActionRecord {
  readonly record: typeof RECORD_VERSION;
  readonly key: Digest;
  readonly manifest: KeyManifest;
  readonly outputs: Readonly<Record<string, RecordedOutput>>;
  /** Facts of the outside world that decided the result; empty if there are none. */
  readonly observed: JsonObject;
  /** How the work was done (engine, host, times, run): for people, never compared. */
  readonly provenance: JsonObject;
}

/** The text of a record's file. It ends in a checksum, so that damage of any byte is noticed. */
export function encodeRecord({ record, key, manifest, outputs, observed, provenance }: ActionRecord): string {
  const content = { record, key, manifest, outputs, observed, provenance };
  const text = JSON.stringify(content, null, 2).slice(0, -'\n}'.length);
  return text + ending(checksumOf(content, canonicalManifest(content)));
}

/** Reads a record's file. Throws an Error that says why it cannot be relied upon. */
export function parseRecord(text: string): ActionRecord {
  const value: unknown = JSON.parse(text);
  const version = isObject(value) ? value.record : undefined;
  if (version !== RECORD_VERSION) throw new Error(`its format ${JSON.stringify(version)} is unknown`);
  if (!isRecord(value)) throw new Error('it lacks a part, or one has a wrong type');
  const manifestText = canonicalManifest(value);
  if (!text.endsWith(ending(checksumOf(value, manifestText)))) throw new Error('its checksum does not agree');
  if (digestOfBytes(manifestText) !== value.key) throw new Error('its manifest does not give its key');
  const { record, key, manifest, outputs, observed, provenance } = value;
  return { record, key, manifest, outputs, observed, provenance };
}

function ending(checksum: Digest): string {
  return `,\n  "checksum": "${checksum}"\n}\n`;
}

/**
 * SHA-256 of the canonical JSON of a record's six parts. `manifestText` is that of its manifest: a large plan reads
 * thousands of records, so what key and checksum have in common is made once.
 */
function checksumOf(
  { record, key, observed, outputs, provenance }: ActionRecord,
  manifestText: string,
): Digest {
  // A record is JSON by its type, but interfaces have no index signature.
  const rest = canonicalJson({ observed, outputs, provenance, record } as unknown as JsonObject);
  return digestOfBytes(`{"key":"${key}","manifest":${manifestText},${rest.slice('{'.length)}`);
}

function canonicalManifest({ manifest }: ActionRecord): string {
  return canonicalJson(manifest as unknown as JsonObject); // as above
}

/** Of the records of one action (they differ in observed facts) the one that was made last. */
export function newestRecord(records: readonly ActionRecord[]): ActionRecord | undefined {
  const finished = ({ provenance }: ActionRecord) => String(provenance.finished);
  return records.reduce<ActionRecord | undefined>(
    (newest, record) => (newest && finished(newest) >= finished(record) ? newest : record),
    undefined,
  );
}

/** Names of the outputs that two records of one action do not have in common, in content or in the right to run it. */
export function differingOutputs(one: ActionRecord, other: ActionRecord): readonly string[] {
  const names = new Set([...Object.keys(one.outputs), ...Object.keys(other.outputs)]);
  const content = (output: RecordedOutput | undefined) =>
    output && `${output.digest} ${output.executable === true}`;
  return [...names].filter((name) => content(one.outputs[name]) !== content(other.outputs[name]));
}

function isRecord(value: unknown): value is ActionRecord {
  return (
    isObject(value) &&
    isDigest(value.key) &&
    isManifest(value.manifest) &&
    isObject(value.outputs) &&
    Object.values(value.outputs).every(isOutput) &&
    isObject(value.observed) &&
    isObject(value.provenance)
  );
}

function isManifest(value: unknown): value is KeyManifest {
  return (
    isObject(value) &&
    value.format === KEY_FORMAT &&
    typeof value.type === 'string' &&
    (Number.isInteger(value.version) || isDigest(value.version)) &&
    isObject(value.settings) &&
    isObject(value.inputs) &&
    Object.values(value.inputs).every((input) => isDigest(input) || isObject(input)) &&
    (value.executable === undefined || isObject(value.executable)) &&
    isObject(value.env)
  );
}

function isOutput(value: unknown): value is RecordedOutput {
  return isObject(value) && ['string', 'undefined'].includes(typeof value.inline) && isArtifact(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
