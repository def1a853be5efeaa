import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { StageError } from '../../../contract/stage-context.ts';
import type { Environment } from '../../../contract/world.ts';
import { errorCode } from '../../../files/system-problem.ts';
import { keyText } from './trusted-keys.ts';

/** What a writer signs with. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** As `TrustedKey.key`. */
  readonly key: string;
}

/** Where the key of this user is. */
export function signingKeyFile(environment: Environment): string {
  return join(
    environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), '.config'),
    'pipe',
    'signing-key.pem',
  );
}

/**
 * The key that PIPE_SIGNING_KEY holds (a PEM, as `pipe trust create` writes it), or that of this user's file; undefined where
 * there is neither. Throws a StageError for one that is damaged, or a file that others may read.
 */
export function readSigningKey(environment: Environment): SigningKey | undefined {
  const given = environment.PIPE_SIGNING_KEY?.trim();
  if (given) return parseSigningKey(given, 'PIPE_SIGNING_KEY');
  const file = signingKeyFile(environment);
  try {
    if (statSync(file).mode & 0o077)
      throw new StageError(`others may read the signing key ${file}`, { hint: `Run: chmod 600 ${file}` });
    return parseSigningKey(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes a key and writes it to this user's file, which must not be there. Returns it. Throws a StageError if it is. */
export function createSigningKey(environment: Environment): SigningKey {
  const file = signingKeyFile(environment);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, pem, { flag: 'wx', mode: 0o600 });
    chmodSync(file, 0o600); // whatever the umask
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new StageError(`there is a signing key already: ${file}`, {
      hint: 'What it has signed is not believed of another one. Remove it yourself if that is meant.',
    });
  }
  return { privateKey, key: keyText(publicKey) };
}

/** Reads a PEM; `where` it was. Throws a StageError where it holds no key. */
export function parseSigningKey(pem: string, where: string): SigningKey {
  try {
    // In a variable its lines are often written as \n.
    const privateKey = createPrivateKey(pem.replaceAll('\\n', '\n'));
    if (privateKey.asymmetricKeyType === 'ed25519')
      return { privateKey, key: keyText(createPublicKey(privateKey)) };
  } catch {
    // What OpenSSL says of a private key is not for a terminal.
  }
  throw new StageError(`${where} holds no Ed25519 private key`, { hint: 'Make one with: pipe trust create' });
}
