import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning, type ProcessIdentity } from '../files/process-identity.ts';
import { orAbsent } from '../files/system-problem.ts';
import { OWNER_FILE, PREPARED_PREFIX } from './work-directory.ts';

/** Whatever is really in use is written to far more often. */
const OLD_MS = 24 * 60 * 60 * 1000;
/** `<key>.<uuid>`: a claim that waits next to the lock of the key. */
const WAITING_CLAIM = /^[0-9a-f]{64}\.[0-9a-f-]{36}$/;

export interface LeftoverPlaces {
  readonly cacheDirectory: string;
  readonly locksDirectory: string;
  readonly workDirectory: string;
}

/**
 * Removes what processes that were killed have left and nobody can come back to: unfinished files, claims that waited
 * for a lock, work directories that never got their name. Only what nobody has written to for a day, and whose owner,
 * where it names one, does not run. Attempts stay: the next one of the action continues from them. What cannot be
 * removed stays too; nothing depends on it.
 */
export async function removeLeftovers({
  cacheDirectory,
  locksDirectory,
  workDirectory,
}: LeftoverPlaces): Promise<void> {
  const candidates = [
    ...(await entriesOf(join(cacheDirectory, 'tmp'), () => true)),
    ...(await entriesOf(locksDirectory, (name) => WAITING_CLAIM.test(name))),
  ];
  for (const action of await entriesOf(workDirectory, () => true)) {
    candidates.push(...(await entriesOf(action, (name) => name.startsWith(PREPARED_PREFIX))));
  }
  for (const path of candidates) {
    if ((await isOld(path)) && !(await ownerRuns(path))) {
      await rm(path, { recursive: true, force: true }).catch(() => {});
    }
  }
}

async function entriesOf(directory: string, wanted: (name: string) => boolean): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter(wanted).map((name) => join(directory, name));
}

/** Neither the entry nor anything directly in it was written to lately. */
async function isOld(path: string): Promise<boolean> {
  const inside = await entriesOf(path, () => true);
  const states = await Promise.all([path, ...inside].map((entry) => orAbsent(stat(entry))));
  const newest = Math.max(...states.map((state) => state?.mtimeMs ?? 0));
  return Date.now() - newest > OLD_MS;
}

async function ownerRuns(directory: string): Promise<boolean> {
  try {
    const owner = JSON.parse(await readFile(join(directory, OWNER_FILE), 'utf8')) as ProcessIdentity;
    return (await isRunning(owner)) === true;
  } catch {
    return false; // it names none
  }
}
