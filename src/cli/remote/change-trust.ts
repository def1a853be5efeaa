import { writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { forgetFetched } from '../../cache/remote/fetched-records.ts';
import { createSigningKey, readSigningKey, signingKeyFile } from '../../cache/remote/trust/signing-key.ts';
import {
  encodeTrustedKeys,
  parseTrustedKeys,
  readTrustedKeys,
  TRUST_FILE,
  type TrustedKey,
} from '../../cache/remote/trust/trusted-keys.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { alignedLines } from '../../terminal/aligned.ts';
import { show } from '../../terminal/show.ts';
import { counted } from '../../terminal/units.ts';
import { artifactsDirectory } from '../open/open-pipeline.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { UserError } from '../user-error.ts';
import { trustFile } from './open-remote.ts';

export interface AddKeyOptions {
  readonly scope?: readonly string[];
}

/** Makes a key for this user and believes it in this project. Throws a StageError where there is one already. */
export function createKey({
  name = `${userInfo().username}@${hostname()}`,
  scope,
}: AddKeyOptions & { readonly name?: string }): void {
  const file = trustFile(undefined, TRUST_FILE);
  const keys = withoutName(readTrustedKeys(file), name);
  const { key } = createSigningKey(process.env);
  write(file, [...keys, { name, key, scopes: scope ?? ['main'] }]);
  show(
    process.stdout,
    `${name}  ${key}`,
    `The private key is ${signingKeyFile(process.env)}; ${file} says that this project believes it.`,
  );
}

/** Prints the keys that this project believes. */
export function showKeys(): void {
  const keys = readTrustedKeys(trustFile(undefined, TRUST_FILE));
  const own = readSigningKey(process.env)?.key;
  const rows = keys.map(({ name, key, scopes }) => [
    name,
    key,
    scopes.join(', '),
    key === own ? 'this user' : '',
  ]);
  if (rows.length === 0)
    show(process.stdout, 'nobody is believed; pipe trust create, or pipe trust add NAME KEY');
  else show(process.stdout, ...alignedLines(rows));
  if (own !== undefined && keys.every(({ key }) => key !== own))
    show(process.stdout, `this user's key is not believed here: ${own}`);
}

/** Believes what a key signs. Throws a UserError for a name that is taken, a StageError for a key that is none. */
export function addKey(name: string, key: string, { scope = ['main'] }: AddKeyOptions): void {
  const file = trustFile(undefined, TRUST_FILE);
  const keys = readTrustedKeys(file);
  if (keys.some((known) => known.name === name))
    throw new UserError(`there is a key \`${name}\` already`, `pipe trust revoke ${name} removes it`);
  write(file, [...keys, { name, key, scopes: scope }]);
}

/** Believes a key no more. What came from it is forgotten here, so that it is made or fetched again. */
export async function revokeKey(name: string): Promise<void> {
  const file = trustFile(undefined, TRUST_FILE);
  const keys = readTrustedKeys(file);
  const revoked = keys.find((known) => known.name === name);
  if (revoked === undefined) throw new UserError(`there is no key \`${name}\``, 'pipe trust show lists all');
  write(file, withoutName(keys, name));
  const { cacheDirectory } = openWorkspace(artifactsDirectory(undefined, {}), tellCacheProblem);
  const forgotten = await forgetFetched(cacheDirectory, revoked.key);
  show(process.stdout, `${name} is not believed any more; ${counted(forgotten, 'result')} of it forgotten`);
}

function withoutName(keys: readonly TrustedKey[], name: string): readonly TrustedKey[] {
  return keys.filter((known) => known.name !== name);
}

/** Whatever is written can be read again. */
function write(file: string, keys: readonly TrustedKey[]): void {
  const text = encodeTrustedKeys(keys);
  parseTrustedKeys(text, file);
  writeFileSync(file, text);
}
