import { canonicalJson } from '../../contract/canonical-json.ts';
import type { JsonObject } from '../../contract/json.ts';
import { type Digest, digestOfBytes, isDigest } from '../../files/digest.ts';
import { isArtifact } from '../objects/is-artifact.ts';
import type { StoredArtifact } from '../objects/object-store.ts';
import { KEY_FORMAT, type KeyManifest } from './action-key.ts';

/** Version of the record's format; a record of another version is a miss. */
export const RECORD_VERSION = 1;

/** Members of a record's text without a seal: its six parts and the checksum. */
const PARTS = 7;
const SEAL_START = ',\n  "text_sha256": "';
const DIGEST_LENGTH = 64;

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

/**
 * The text of a record's file. It ends in two digests, so that damage of any byte is noticed: one of the text, which is quickly
 * compared, and one of what it says, however that is written.
 */
export function encodeRecord({ record, key, manifest, outputs, observed, provenance }: ActionRecord): string {
  const content = { record, key, manifest, outputs, observed, provenance };
  const text = JSON.stringify(content, null, 2).slice(0, -'\n}'.length);
  const end = ending(checksumOf(content, canonicalManifest(content)));
  return text + seal(text + end) + end;
}

/** Reads a record that may come from anywhere. Throws an Error that says why it cannot be relied upon. */
export function parseRecord(text: string): ActionRecord {
  const { content } = readParts(text);
  checkContent(content, text);
  return content;
}

/**
 * `parseRecord` for what this cache has written. The digest of the text shows that it is as it was written, so what it says
 * need not be made canonical, which takes longer than the rest of the reading. Records of earlier versions lack that digest.
 */
export function recallRecord(text: string): ActionRecord {
  const { content, isSealed } = readParts(text);
  if (!isSealed) checkContent(content, text);
  return content;
}

function readParts(text: string): { readonly content: ActionRecord; readonly isSealed: boolean } {
  const value: unknown = JSON.parse(text);
  const version = isObject(value) ? value.record : undefined;
  if (version !== RECORD_VERSION) throw new Error(`its format ${JSON.stringify(version)} is unknown`);
  if (!isRecord(value)) throw new Error('it lacks a part, or one has a wrong type');
  const isSealed = checkSeal(text);
  if (Object.keys(value).length !== PARTS + (isSealed ? 1 : 0)) throw new Error('it has another part');
  const { record, key, manifest, outputs, observed, provenance } = value;
  return { content: { record, key, manifest, outputs, observed, provenance }, isSealed };
}

function checkContent(content: ActionRecord, text: string): void {
  const manifestText = canonicalManifest(content);
  if (!text.endsWith(ending(checksumOf(content, manifestText)))) throw damaged();
  if (digestOfBytes(manifestText) !== content.key) throw new Error('its manifest does not give its key');
}

/** Whether a text has a seal. Throws an Error if that is of another text. */
function checkSeal(text: string): boolean {
  const end = text.length - ending('').length - DIGEST_LENGTH;
  const start = end - SEAL_START.length - DIGEST_LENGTH - '"'.length;
  if (!text.startsWith(SEAL_START, start)) return false;
  if (text.slice(start, end) !== seal(text.slice(0, start) + text.slice(end))) throw damaged();
  return true;
}

/** The line with the digest of the text in which it stands, without that line. */
function seal(text: string): string {
  return `${SEAL_START}${digestOfBytes(text)}"`;
}

function ending(checksum: string): string {
  return `,\n  "checksum": "${checksum}"\n}\n`;
}

function damaged(): Error {
  return new Error('its checksum does not agree');
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
