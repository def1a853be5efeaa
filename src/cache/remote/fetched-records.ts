import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '../../files/digest.ts';
import { readMemo, writeMemo } from '../../files/memo.ts';
import { orAbsent } from '../../files/system-problem.ts';
import { keyId } from './trust/trusted-keys.ts';

/** Where it is noted what came from elsewhere. */
const FOLDER = 'remote';

/** That a record came from elsewhere. */
export interface Fetched {
  /** SHA-256 of the text as it was stored there. */
  readonly text: Digest;
  /** Id of the key that signed it. */
  readonly writer: string;
  /** The action that it is about. */
  readonly action: Digest;
}

/** What is noted of the record that a store had under a name; undefined if it was never fetched. */
export function fetchedBefore(cacheDirectory: string, name: string): Fetched | undefined {
  const { text, writer, action } = Object(readMemo(pathOf(cacheDirectory, name))) as Readonly<
    Record<string, unknown>
  >;
  if (!isDigest(text) || typeof writer !== 'string' || !isDigest(action)) return undefined;
  return { text, writer, action };
}

/** Notes where a record came from. Throws a system error. */
export async function noteFetched(cacheDirectory: string, name: string, fetched: Fetched): Promise<void> {
  await writeMemo(cacheDirectory, pathOf(cacheDirectory, name), fetched);
}

/** Removes the records that came from the writer with this key. Returns how many. */
export async function forgetFetched(cacheDirectory: string, key: string): Promise<number> {
  const writer = keyId(key);
  let forgotten = 0;
  for (const name of (await orAbsent(readdir(join(cacheDirectory, FOLDER)))) ?? []) {
    const fetched = fetchedBefore(cacheDirectory, name);
    if (fetched?.writer !== writer) continue;
    // Other records of the action were made here in other states of the world; they are made again, too.
    await rm(join(cacheDirectory, 'actions', fetched.action), { recursive: true, force: true });
    await rm(pathOf(cacheDirectory, name), { force: true });
    forgotten++;
  }
  return forgotten;
}

function pathOf(cacheDirectory: string, name: string): string {
  return join(cacheDirectory, FOLDER, name.replaceAll('/', '-'));
}
