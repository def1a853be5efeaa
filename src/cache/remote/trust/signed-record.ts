import { sign, verify } from 'node:crypto';
import { canonicalJson } from '../../../contract/canonical-json.ts';
import type { JsonObject } from '../../../contract/json.ts';
import { messageOf } from '../../../contract/message-of.ts';
import { type Digest, digestOfBytes } from '../../../files/digest.ts';
import { type ActionRecord, encodeRecord, parseRecord } from '../../records/action-record.ts';
import type { SigningKey } from './signing-key.ts';
import { keyId, publicKey, type TrustedKey } from './trusted-keys.ts';

/** What a record in a store is about: all of it is signed, so a record cannot stand for another one. */
export interface RecordName {
  readonly key: Digest;
  /** Facts of the world that it holds for. */
  readonly observed: JsonObject;
  readonly scope: string;
}

const FORMAT = 'pipe-record-1';

/** The name under which a writer's record is stored. Each writer has its own, so none can take another's place. */
export function storedName({ key, observed, scope }: RecordName, writer: string): string {
  return `ac/${digestOfBytes(canonicalJson([FORMAT, key, observed, scope, writer]))}`;
}

/** A record with the signature of its writer, as it is stored. */
export function signRecord(record: ActionRecord, scope: string, { privateKey, key }: SigningKey): string {
  const text = encodeRecord(record);
  const writer = keyId(key);
  const signature = sign(null, statement({ ...record, scope }, writer, text), privateKey).toString('base64');
  return JSON.stringify({ format: FORMAT, writer, scope, signature, record: text });
}

/** Reads what is stored under a writer's name. Throws an Error that says why it is not to be believed. */
export function readSigned(stored: string, name: RecordName, { key }: Pick<TrustedKey, 'key'>): ActionRecord {
  const { format, writer, signature, record: text } = parsed(stored);
  if (format !== FORMAT || typeof text !== 'string' || typeof signature !== 'string')
    throw new Error('it is no signed record');
  const id = keyId(key);
  if (writer !== id) throw new Error('another key has signed it');
  if (!verify(null, statement(name, id, text), publicKey(key), Buffer.from(signature, 'base64')))
    throw new Error('its signature does not hold');
  const record = parseRecord(text);
  if (record.key !== name.key || canonicalJson(record.observed) !== canonicalJson(name.observed))
    throw new Error('it belongs to another action');
  return record;
}

/** What is signed. The record's name is in it, besides the record, so that one cannot be replayed as another. */
function statement({ key, observed, scope }: RecordName, writer: string, text: string): Buffer {
  return Buffer.from(canonicalJson([FORMAT, key, observed, scope, writer, digestOfBytes(text)]));
}

function parsed(stored: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(stored));
  } catch (error) {
    throw new Error(`it is no JSON: ${messageOf(error)}`);
  }
}
