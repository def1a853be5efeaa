import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CacheError, explained, orAbsent } from '../cache/cache-error.ts';
import { digestOfBytes, isDigest } from '../cache/digest.ts';
import { listDirectory } from '../cache/directory-listing.ts';
import { temporaryName } from '../cache/durable.ts';
import { identify } from '../cache/identify.ts';
import type { StoredArtifact } from '../cache/object-store.ts';
import { StageError } from '../contract/stage-context.ts';
import type { Workspace } from './workspace.ts';

/** A file that was written to within this time may be written to again without a new modification time. */
const RACY_MS = 2000;

/**
 * Files and directories that a pipeline names as inputs, as stored artifacts. Each is stored once a run, before
 * anything is keyed by it, so what is edited during a run cannot mix. What has not changed since it was last stored
 * (size, modification time, inode) is not read again.
 */
export class FileInputs {
  readonly #workspace: Workspace;
  readonly #stored = new Map<string, Promise<StoredArtifact>>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** The artifact of an absolute path. Throws a StageError where there is nothing, or nothing that can be stored. */
  artifact(path: string): Promise<StoredArtifact> {
    let artifact = this.#stored.get(path);
    if (!artifact) {
      artifact = this.#store(path);
      this.#stored.set(path, artifact);
    }
    return artifact;
  }

  /** Stores a path again whose object was lost. Throws a StageError when it has been edited since. */
  async restore(path: string): Promise<void> {
    const before = await this.artifact(path);
    const now = await this.#workspace.objects.put(path, before.artifact);
    if (now.digest !== before.digest) {
      throw new StageError(`${path} was edited while the run read it`, {
        hint: 'Run again to use it as it is now.',
      });
    }
  }

  async #store(path: string): Promise<StoredArtifact> {
    const state = await orAbsent(stat(path));
    if (!state)
      throw new StageError(`the input ${path} does not exist`, { hint: 'Create it, or correct its path.' });
    const fingerprint = await fingerprintOf(path);
    const memo = join(this.#workspace.cacheDirectory, 'file-inputs', `${digestOfBytes(path)}.json`);
    const known = fingerprint === undefined ? undefined : await recall(memo, fingerprint);
    if (known && (await this.#workspace.objects.contains(known))) return known;
    const artifact = await this.#put(path, state.isDirectory() ? 'directory' : 'file');
    // A cache that cannot be written to can still be read; only the saving is lost.
    if (fingerprint !== undefined) await this.#remember(memo, fingerprint, artifact).catch(() => {});
    return artifact;
  }

  /** Hits and plans need only its name, so a store that cannot be written to stops neither. */
  async #put(path: string, kind: StoredArtifact['artifact']): Promise<StoredArtifact> {
    try {
      return await this.#workspace.objects.put(path, kind);
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      return await explained(`read ${path}`, () => identify(path));
    }
  }

  async #remember(memo: string, fingerprint: string, artifact: StoredArtifact): Promise<void> {
    const temporary = await temporaryName(this.#workspace.cacheDirectory);
    await mkdir(dirname(memo), { recursive: true });
    await writeFile(temporary, JSON.stringify({ fingerprint, artifact }));
    await rename(temporary, memo);
  }
}

/** One string that changes when a file, or a file of a directory, does; undefined when that was too recent to tell. */
async function fingerprintOf(path: string): Promise<string | undefined> {
  const state = await stat(path);
  const files = state.isDirectory()
    ? await listDirectory(path)
    : { files: [{ path: '', source: path, executable: false }], emptyDirectories: [] };
  const parts: string[] = [...files.emptyDirectories];
  for (const { path: relative, source, executable } of files.files) {
    const { size, mtimeNs, mtimeMs, ino } = await stat(source, { bigint: true });
    if (Date.now() - Number(mtimeMs) < RACY_MS) return undefined;
    parts.push(`${relative} ${executable} ${size} ${mtimeNs} ${ino}`);
  }
  return digestOfBytes(parts.join('\n'));
}

/** A memo that is damaged is none: it only saves reading. */
async function recall(memo: string, fingerprint: string): Promise<StoredArtifact | undefined> {
  const text = await orAbsent(readFile(memo, 'utf8'));
  try {
    const known = JSON.parse(text ?? 'null') as { fingerprint: string; artifact: StoredArtifact } | null;
    return known?.fingerprint === fingerprint && isDigest(known.artifact.digest) ? known.artifact : undefined;
  } catch {
    return undefined;
  }
}
