import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeDirectory } from './durable.ts';
import { isRunning, type ProcessIdentity, thisProcess } from './process-identity.ts';
import { readSmallText } from './read-small-text.ts';
import { errorCode, explained, orAbsent } from './system-problem.ts';

const HEARTBEAT_MS = 10_000;
/** Clocks that differ by more than this break a lock early: work is done twice, no result is wrong. */
const SILENCE_MS = 60_000;
const SHORTEST_POLL_MS = 20;
const LONGEST_POLL_MS = 1000;

export interface LockOptions {
  /** Names the run that takes the lock, for those who wait. */
  readonly run: string;
  /** Ends the waiting: `acquireLock` then throws its reason. */
  readonly signal: AbortSignal;
  /** Told of each process that holds the lock while this one waits. */
  readonly onWaiting: (holder: string) => void;
}

export interface Lock {
  /** Lets the next process have it; may be called again. */
  release(): Promise<void>;
}

interface Claim extends ProcessIdentity {
  readonly run: string;
}

interface Holder {
  /** Name of the claim's file. */
  readonly name: string;
  /** Undefined where the file holds no claim: the machine stopped before it was on the disk. */
  readonly claim: Claim | undefined;
  readonly lastHeartbeat: number;
}

/**
 * Waits for and takes a lock between processes. Nothing needs to be cleaned up after a holder that died: on
 * this host it is noticed at once, on another after a minute without heartbeat.
 *
 * The lock is a directory at `path` with one file in it, the holder's claim, under a name that is never used
 * again. Renaming a directory onto another one succeeds only where that is absent or empty (POSIX rename), so
 * a claim is complete when it appears and there is never a second. Breaking a dead holder's lock unlinks the
 * claim that was judged, by its name: whatever others do in between, a live claim cannot be hit.
 */
export async function acquireLock(path: string, { run, signal, onWaiting }: LockOptions): Promise<Lock> {
  return await explained(`take the lock ${path}`, async () => {
    const claim = await prepareClaim(path, run);
    let announced: string | undefined;
    try {
      signal.throwIfAborted();
      for (let poll = SHORTEST_POLL_MS; !(await takeIfFree(claim.directory, path)); poll *= 2) {
        const holder = await readHolder(path);
        if (!holder) continue;
        if (await isDead(holder)) {
          await removeClaim(path, holder.name);
          continue;
        }
        if (announced !== holder.name) onWaiting(describe(holder));
        announced = holder.name;
        await delay(Math.min(poll, LONGEST_POLL_MS), undefined, { signal });
        // A claim that waited for minutes would look like one without heartbeat in the moment it holds.
        await beat(join(claim.directory, claim.name));
      }
    } catch (error) {
      await rm(claim.directory, { recursive: true, force: true });
      throw signal.aborted ? signal.reason : error;
    }
    return { release: hold(path, claim.name) };
  });
}

/** Who holds a lock now, for people; undefined where it is free or its holder is dead. */
export async function lockHolder(path: string): Promise<string | undefined> {
  const holder = await readHolder(path);
  return holder === undefined || (await isDead(holder)) ? undefined : describe(holder);
}

/** Writes this process's claim into a directory of its own, ready to be renamed into place. */
async function prepareClaim(path: string, run: string): Promise<{ name: string; directory: string }> {
  const name = randomUUID();
  const directory = `${path}.${name}`;
  const claim: Claim = { ...(await thisProcess()), run };
  await makeDirectory(dirname(path));
  await mkdir(directory);
  await writeFile(join(directory, name), `${JSON.stringify(claim)}\n`);
  return { name, directory };
}

async function takeIfFree(claimDirectory: string, path: string): Promise<boolean> {
  try {
    await rename(claimDirectory, path);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

/** Who holds the lock; undefined when it became free since. */
async function readHolder(path: string): Promise<Holder | undefined> {
  const [name] = (await orAbsent(readdir(path))) ?? [];
  if (name === undefined) return undefined;
  const file = join(path, name);
  const state = await orAbsent(stat(file));
  return state && { name, claim: readClaim(file), lastHeartbeat: state.mtimeMs };
}

function readClaim(file: string): Claim | undefined {
  try {
    const claim = JSON.parse(readSmallText(file) ?? 'null') as Claim | null;
    return typeof claim?.pid === 'number' ? claim : undefined;
  } catch {
    return undefined;
  }
}

async function isDead({ claim, lastHeartbeat }: Holder): Promise<boolean> {
  const running = claim ? await isRunning(claim) : false;
  return running === 'unknown' ? Date.now() - lastHeartbeat > SILENCE_MS : !running;
}

function describe({ claim }: Holder): string {
  return claim ? `process ${claim.pid} on ${claim.host} (run ${claim.run})` : 'an unknown process';
}

/** Keeps the heartbeat; returns what ends the hold. */
function hold(path: string, name: string): () => Promise<void> {
  // A claim that is gone was broken while this machine slept; nothing rests on the lock, so work continues.
  const heartbeat = setInterval(() => beat(join(path, name)).catch(() => {}), HEARTBEAT_MS).unref();
  return async () => {
    clearInterval(heartbeat);
    // One that cannot be removed ends with this process; what was done under the lock is not lost for it.
    await removeClaim(path, name).catch(() => {});
  };
}

async function beat(claim: string): Promise<void> {
  const now = new Date();
  await utimes(claim, now, now);
}

/** Ends one claim and no other. The empty directory is free for whoever comes; it is removed for tidiness. */
async function removeClaim(path: string, name: string): Promise<void> {
  await orAbsent(unlink(join(path, name)));
  await rmdir(path).catch(() => {});
}
