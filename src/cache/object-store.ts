import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StageError } from '../contract/stage-context.ts';
import type { ArtifactKind } from '../contract/stage-type.ts';
import { BlobStore } from './blob-store.ts';
import { explained, orAbsent } from './cache-error.ts';
import type { OnCacheProblem } from './cache-problem.ts';
import type { Digest } from './digest.ts';
import { listDirectory } from './directory-listing.ts';
import { encodeTree, parseTree, type Tree, type TreeFile } from './tree.ts';

/** An artifact in the store. A directory's digest is that of its tree object, its size that of all its files. */
export interface StoredArtifact {
  readonly artifact: ArtifactKind;
  readonly digest: Digest;
  readonly bytes: number;
}

/** Where the bytes of an artifact can be read; `files` maps relative to absolute paths. */
export type LocatedArtifact =
  | { readonly artifact: 'file'; readonly path: string }
  | { readonly artifact: 'directory'; readonly files: Readonly<Record<string, string>> };

/**
 * Artifacts, stored by content in a cache directory. Damage is never an exception: what does not agree with
 * its digest is put aside, reported, and counts as absent. Every method throws a CacheError when the disk is
 * full, read-only or closed to this user.
 */
export class ObjectStore {
  readonly #blobs: BlobStore;
  readonly #onProblem: OnCacheProblem;

  constructor(cacheDirectory: string, onProblem: OnCacheProblem) {
    this.#onProblem = onProblem;
    this.#blobs = new BlobStore(cacheDirectory, onProblem);
  }

  /**
   * Stores a file or directory; a sound object that is there already is kept. With `move` the files leave
   * their place (a stage's outputs, to which nobody writes any more), otherwise they are copied and may
   * even be edited meanwhile. Throws a StageError where `path` is not such an artifact.
   */
  async put(
    path: string,
    artifact: ArtifactKind,
    options: { readonly move?: boolean } = {},
  ): Promise<StoredArtifact> {
    const move = options.move ?? false;
    return await explained(`store ${path}`, async () => {
      await checkKind(path, artifact, move);
      if (artifact === 'file') return { artifact, ...(await this.#blobs.add(path, { move })) };
      return await this.#putDirectory(path, move);
    });
  }

  /** Stores bytes that are in memory as a file artifact. */
  async putBytes(bytes: Uint8Array | string): Promise<StoredArtifact> {
    return await explained('store an object', async () => ({
      artifact: 'file',
      ...(await this.#blobs.addBytes(bytes)),
    }));
  }

  /** Where an artifact can be read, checked against its digest; undefined when any part is lost or damaged. */
  async locate({ artifact, digest }: StoredArtifact): Promise<LocatedArtifact | undefined> {
    return await explained('read the cache', async () => {
      if (artifact === 'file') {
        const path = await this.#blobs.locate(digest);
        return path === undefined ? undefined : { artifact, path };
      }
      const tree = await this.#locateTree(digest);
      return (
        tree && { artifact, files: Object.fromEntries(tree.files.map(({ path, blob }) => [path, blob])) }
      );
    });
  }

  /**
   * Whether all objects of an artifact are there in the right size. Cheap enough for a plan: the bytes of
   * files are not looked at, and a missing object is not reported.
   */
  async contains({ artifact, digest, bytes }: StoredArtifact): Promise<boolean> {
    return await explained('read the cache', async () => {
      const size = await this.#blobs.size(digest);
      if (artifact === 'file') return size === bytes;
      const tree = size === undefined ? undefined : await this.#readTree(digest);
      if (!tree) return false;
      for (const file of tree.files) {
        if ((await this.#blobs.size(file.digest)) !== file.bytes) return false;
      }
      return true;
    });
  }

  /**
   * Puts a writable copy at `destination`, which must not exist: a reflink where the file system can, never
   * a hard link, through which root could write into the store. False, with nothing at `destination`, when
   * the artifact is lost or damaged. Errors of the system pass unchanged: the caller knows what is being written.
   */
  async materialize({ artifact, digest }: StoredArtifact, destination: string): Promise<boolean> {
    if (artifact === 'file') {
      const path = await this.#blobs.locate(digest);
      if (path === undefined) return false;
      await mkdir(dirname(destination), { recursive: true });
      await copyWritable(path, destination, false);
      return true;
    }
    const tree = await this.#locateTree(digest);
    if (!tree) return false;
    await mkdir(dirname(destination), { recursive: true });
    await mkdir(destination);
    for (const path of tree.emptyDirectories) await mkdir(join(destination, path), { recursive: true });
    for (const { path, blob, executable } of tree.files) {
      await mkdir(dirname(join(destination, path)), { recursive: true });
      await copyWritable(blob, join(destination, path), executable);
    }
    return true;
  }

  /** Files go first and the tree last: a tree that can be found refers to complete objects only. */
  async #putDirectory(root: string, move: boolean): Promise<StoredArtifact> {
    const { files, emptyDirectories } = await listDirectory(root);
    const stored: TreeFile[] = [];
    for (const { path, source, executable } of files) {
      stored.push({ path, ...(await this.#blobs.add(source, { move })), executable });
    }
    const { digest } = await this.#blobs.addBytes(encodeTree({ files: stored, emptyDirectories }));
    if (move) await rm(root, { recursive: true });
    return { artifact: 'directory', digest, bytes: stored.reduce((sum, file) => sum + file.bytes, 0) };
  }

  /** A tree with the path of each file's blob; undefined when any is lost or damaged. */
  async #locateTree(digest: Digest) {
    const tree = await this.#readTree(digest);
    if (!tree) return undefined;
    const files: (TreeFile & { readonly blob: string })[] = [];
    for (const file of tree.files) {
      const blob = await this.#blobs.locate(file.digest);
      if (blob === undefined) return undefined;
      files.push({ ...file, blob });
    }
    return { ...tree, files };
  }

  async #readTree(digest: Digest): Promise<Tree | undefined> {
    const path = await this.#blobs.locate(digest);
    if (path === undefined) return undefined;
    try {
      return parseTree(await readFile(path, 'utf8'));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#onProblem({ code: 'corrupt-object', message: `Object ${digest} is no directory: ${reason}` });
      return undefined;
    }
  }
}

/** A stage's output must be the thing itself; an input that a user names may be a symbolic link to it. */
async function checkKind(path: string, artifact: ArtifactKind, move: boolean): Promise<void> {
  const state = await orAbsent(move ? lstat(path) : stat(path));
  if (!state) throw new StageError(`${path} does not exist`);
  const fits = artifact === 'file' ? state.isFile() : state.isDirectory();
  if (!fits) throw new StageError(`${path} is not a ${artifact === 'file' ? 'regular file' : 'directory'}`);
}

async function copyWritable(blob: string, destination: string, executable: boolean): Promise<void> {
  await copyFile(blob, destination, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  await chmod(destination, executable ? 0o755 : 0o644);
}
