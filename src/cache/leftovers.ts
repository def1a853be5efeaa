import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName } from '../files/durable.ts';
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
  const now = candidates.length > 0 ? await timeOfFiles(cacheDirectory) : undefined;
  if (now === undefined) return;
  for (const path of candidates) {
    if (now - (await lastWritten(path)) > OLD_MS && !(await ownerRuns(path))) {
      await rm(path, { recursive: true, force: true }).catch(() => {});
    }
  }
}

async function entriesOf(directory: string, wanted: (name: string) => boolean): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter(wanted).map((name) => join(directory, name));
}

/**
 * The time by the clock that stamps files here, in milliseconds: the clock of this program may be a day ahead, and then
 * what others write at this moment would look old. Undefined where nothing can be written, nor removed.
 */
export async function timeOfFiles(cacheDirectory: string): Promise<number | undefined> {
  try {
    const probe = await temporaryName(cacheDirectory);
    await writeFile(probe, '');
    const { mtimeMs } = await stat(probe);
    await rm(probe);
    return mtimeMs;
  } catch {
    return undefined;
  }
}

/** When the entry or anything directly in it was written to last. */
export async function lastWritten(path: string): Promise<number> {
  const inside = await entriesOf(path, () => true);
  const states = await Promise.all([path, ...inside].map((entry) => orAbsent(stat(entry))));
  return Math.max(...states.map((state) => state?.mtimeMs ?? 0));
}

async function ownerRuns(directory: string): Promise<boolean> {
  try {
    const owner = JSON.parse(await readFile(join(directory, OWNER_FILE), 'utf8')) as ProcessIdentity;
    return (await isRunning(owner)) === true;
  } catch {
    return false; // it names none
  }
}
