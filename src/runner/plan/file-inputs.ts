import { type BigIntStats, lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { identify } from '../../cache/objects/identify.ts';
import { isArtifact } from '../../cache/objects/is-artifact.ts';
import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import { StageError } from '../../contract/stage-context.ts';
import { digestOfBytes, isDigest } from '../../files/digest.ts';
import { isExecutable, listDirectory, shownState } from '../../files/directory-listing.ts';
import { excluderOf } from '../../files/excluded.ts';
import { readMemo, writeMemo } from '../../files/memo.ts';
import { CacheError, explained, ifThere, orAbsent } from '../../files/system-problem.ts';
import type { Workspace } from '../workspace.ts';

/** Coarser than the clock of any file system: a file that was changed within this time may change again unseen. */
const GRAIN_NANOSECONDS = 2_000_000_000n;

/** What a file input was when it was stored last. */
interface Known {
  readonly fingerprint: string;
  readonly artifact: StoredArtifact;
}

/**
 * Files and directories that a pipeline names as inputs, as stored artifacts. Each is stored once a run, before
 * anything is keyed by it, so what is edited during a run cannot mix. What has not changed since it was last stored
 * (see `fingerprintOf`) is not read again, unless `readAnew` asks for it.
 */
export class FileInputs {
  readonly #workspace: Workspace;
  readonly #stored = new Map<string, Promise<StoredArtifact>>();
  readonly #anew = new Set<string>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** The artifact of an absolute path, without what `exclude` leaves out of a directory. Throws a StageError where there is nothing, or nothing that can be stored. */
  artifact(path: string, exclude?: readonly string[]): Promise<StoredArtifact> {
    const name = nameOf(path, exclude);
    let artifact = this.#stored.get(name);
    if (!artifact) {
      artifact = this.#store(path, exclude);
      this.#stored.set(name, artifact);
    }
    return artifact;
  }

  /** Has a path read whatever is remembered of it; called before its artifact is asked for. */
  readAnew(path: string, exclude?: readonly string[]): void {
    this.#anew.add(nameOf(path, exclude));
  }

  /** Stores a path again whose object was lost. Throws a StageError when it has been edited since. */
  async restore(path: string, exclude?: readonly string[]): Promise<void> {
    const before = await this.artifact(path, exclude);
    const now = await this.#workspace.objects.put(path, before.artifact, { exclude });
    if (now.digest !== before.digest) {
      throw new StageError(`${path} was edited while the run read it`, {
        hint: 'Run again to use it as it is now.',
      });
    }
  }

  async #store(path: string, exclude?: readonly string[]): Promise<StoredArtifact> {
    const name = nameOf(path, exclude);
    const { cacheDirectory, objects } = this.#workspace;
    // Before anything is looked at: what changes afterwards counts as changed just now.
    const now = BigInt(Date.now()) * 1_000_000n;
    const state = await shownInput(path);
    const fingerprint = await fingerprintOf(path, state, now, exclude);
    const memo = join(cacheDirectory, 'file-inputs', `${digestOfBytes(name)}.json`);
    const known = fingerprint === undefined || this.#anew.has(name) ? undefined : recall(memo, fingerprint);
    if (known && (await objects.contains(known))) return known;
    const artifact = await this.#put(path, state.isDirectory() ? 'directory' : 'file', exclude);
    // A cache that cannot be written to can still be read; only the saving is lost.
    if (fingerprint !== undefined) {
      await writeMemo(cacheDirectory, memo, { fingerprint, artifact } satisfies Known).catch(() => {});
    }
    return artifact;
  }

  /** Hits and plans need only its name, so a store that cannot be written to stops neither. */
  async #put(
    path: string,
    kind: StoredArtifact['artifact'],
    exclude?: readonly string[],
  ): Promise<StoredArtifact> {
    try {
      return await this.#workspace.objects.put(path, kind, { exclude });
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      return await explained(`read ${path}`, () => identify(path, exclude));
    }
  }
}

/** What an input is remembered by: its path, and what of it is left out. */
function nameOf(path: string, exclude: readonly string[] | undefined): string {
  return exclude === undefined ? path : JSON.stringify([path, exclude]);
}

/** What is remembered of every file that was an input. */
export async function rememberedInputs(cacheDirectory: string): Promise<readonly StoredArtifact[]> {
  const folder = join(cacheDirectory, 'file-inputs');
  return ((await orAbsent(readdir(folder))) ?? []).flatMap((name) => {
    const known = readMemo(join(folder, name)) as Partial<Known> | undefined;
    return isArtifact(known?.artifact) ? [known.artifact] : [];
  });
}

/** Looked at at once: there may be thousands, and waiting for a thread takes longer than looking. */
async function shownInput(path: string): Promise<BigIntStats> {
  const state = ifThere(() => lstatSync(path, { bigint: true }));
  if (!state)
    throw new StageError(`the input ${path} does not exist`, { hint: 'Create it, or correct its path.' });
  return state.isSymbolicLink() ? await shownState(path) : state;
}

/**
 * One string that changes when a file, or a file of a directory, does. Size, inode and modification time can all be equal
 * after a change (`tar`, `cp -p`, `rsync` set the time); the time of the last change of the inode nobody can set.
 * Undefined where one of the times is within the clock's grain, or in the future because a clock was set back: another
 * change could then get the same time.
 */
async function fingerprintOf(
  path: string,
  state: BigIntStats,
  now: bigint,
  exclude?: readonly string[],
): Promise<string | undefined> {
  const { files, emptyDirectories } = state.isDirectory()
    ? await listDirectory(path, exclude && excluderOf(exclude))
    : { files: [{ path: '', state }], emptyDirectories: [] };
  const isRecent = (time: bigint) => now - time < GRAIN_NANOSECONDS;
  if (files.some(({ state }) => isRecent(state.mtimeNs) || isRecent(state.ctimeNs))) return undefined;
  const parts = files.map(({ path: relative, state }) => {
    const { size, mtimeNs, ctimeNs, dev, ino } = state;
    return [relative, isExecutable(state), ...[size, mtimeNs, ctimeNs, dev, ino].map(String)];
  });
  return digestOfBytes(JSON.stringify([parts, emptyDirectories]));
}

/** What is remembered only saves reading. */
function recall(memo: string, fingerprint: string): StoredArtifact | undefined {
  const known = readMemo(memo) as Partial<Known> | undefined;
  return known?.fingerprint === fingerprint && isDigest(known.artifact?.digest) ? known.artifact : undefined;
}
