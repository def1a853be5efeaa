import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../contract/message-of.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { errorCode } from '../../../files/system-problem.ts';

/** The file in the root of a project that says whose results are believed. It is the project's, never a part of a store. */
export const TRUST_FILE = 'pipe-trust.json';

/** DER of an Ed25519 public key up to its 32 bytes (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY = /^ed25519:([A-Za-z0-9+/]{43}=)$/;

/** Where results belong: `main`, or `pr/12`. A `*` at the end of a writer's scope stands for any rest. */
export const SCOPE = /^[A-Za-z0-9][\w./-]{0,99}$/;

/** A key whose signatures are believed. */
export interface TrustedKey {
  readonly name: string;
  /** `ed25519:` and the 32 bytes of the key in base64. */
  readonly key: string;
  /** Scopes that it may write; `pr/*` stands for all that begin with `pr/`. */
  readonly scopes: readonly string[];
}

/** The keys of a trust file; none without the file. Throws a StageError for a file that is wrong: nobody is believed then. */
export function readTrustedKeys(path: string): readonly TrustedKey[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  return parseTrustedKeys(text, path);
}

/** The text of a trust file. */
export function encodeTrustedKeys(keys: readonly TrustedKey[]): string {
  return `${JSON.stringify({ keys }, null, 2)}\n`;
}

/** Name of a key in signatures: the SHA-256 of its 32 bytes. Throws an Error for a key that is none. */
export function keyId(key: string): string {
  return createHash('sha256').update(bytesOf(key)).digest('hex');
}

/** Throws an Error for a key that is none. */
export function publicKey(key: string): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytesOf(key)]), format: 'der', type: 'spki' });
}

/** The text of a public key. */
export function keyText(key: KeyObject): string {
  const der = key.export({ format: 'der', type: 'spki' });
  return `ed25519:${der.subarray(SPKI_PREFIX.length).toString('base64')}`;
}

/** Whether a key may write a scope. */
export function mayWrite({ scopes }: Pick<TrustedKey, 'scopes'>, scope: string): boolean {
  return scopes.some((own) => (own.endsWith('/*') ? scope.startsWith(own.slice(0, -1)) : own === scope));
}

/** Reads the text of the trust file at `path`. Throws a StageError that says what is wrong. */
export function parseTrustedKeys(text: string, path: string): readonly TrustedKey[] {
  const wrong = (what: string) =>
    new StageError(`${path}: ${what}`, {
      hint: 'It has the form {"keys": [{"name": "ci", "key": "ed25519:…", "scopes": ["main"]}]}; `pipe trust add` writes it.',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(messageOf(error));
  }
  const { keys } = Object(value) as { keys?: unknown };
  if (!Array.isArray(keys)) throw wrong('there is no list `keys`');
  return keys.map((entry: unknown, i) => {
    const { name, key, scopes } = Object(entry) as Readonly<Record<string, unknown>>;
    if (typeof name !== 'string' || name === '') throw wrong(`key ${i + 1} has no name`);
    if (typeof key !== 'string' || !KEY.test(key)) throw wrong(`the key of \`${name}\` is none`);
    if (!Array.isArray(scopes) || !scopes.every(isScopePattern))
      throw wrong(`the scopes of \`${name}\` are no list of names such as main or pr/*`);
    return { name, key, scopes };
  });
}

function isScopePattern(value: unknown): value is string {
  return typeof value === 'string' && SCOPE.test(value.endsWith('/*') ? value.slice(0, -2) : value);
}

function bytesOf(key: string): Buffer {
  const bytes = Buffer.from(KEY.exec(key)?.[1] ?? '', 'base64');
  if (bytes.length !== 32) throw new Error(`${key} is no key`);
  return bytes;
}
