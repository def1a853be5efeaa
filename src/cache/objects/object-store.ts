import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../contract/message-of.ts';
import { StageError } from '../../contract/stage-context.ts';
import type { ArtifactKind } from '../../contract/stage-type.ts';
import type { Digest } from '../../files/digest.ts';
import { holdsLinks, isExecutable, listDirectory, shownState } from '../../files/directory-listing.ts';
import { excluderOf } from '../../files/excluded.ts';
import { explained } from '../../files/system-problem.ts';
import type { OnCacheProblem } from '../cache-problem.ts';
import type { Blobs } from './blobs.ts';
import { encodeTree, parseTree, type Tree, type TreeFile } from './tree.ts';

const FOLDER_HINT = 'It is a folder: name a file in it, or declare it as a folder.';
const STREAM_HINT =
  'It is a queue, a socket or a device, whose bytes may never end: write what it gives into a file first.';

/** An artifact in the store. A directory's digest is that of its tree object, its size that of all its files. */
export interface StoredArtifact {
  readonly artifact: ArtifactKind;
  readonly digest: Digest;
  readonly bytes: number;
  /** A single file that its owner may run; of a directory's files the tree tells. */
  readonly executable?: true;
}

/** Where the bytes of an artifact can be read; `files` maps relative to absolute paths. */
export type LocatedArtifact =
  | { readonly artifact: 'file'; readonly path: string }
  | { readonly artifact: 'directory'; readonly files: Readonly<Record<string, string>> };

/**
 * Artifacts, stored by content as blobs: a file is one, a directory one for each file and one that lists them. Damage is
 * never an exception: what does not agree with its digest is put aside, reported, and counts as absent. Every method throws
 * a CacheError when the disk is full, read-only or closed to this user.
 */
export class ObjectStore {
  readonly #blobs: Blobs;
  readonly #onProblem: OnCacheProblem;

  constructor(blobs: Blobs, onProblem: OnCacheProblem) {
    this.#onProblem = onProblem;
    this.#blobs = blobs;
  }

  /**
   * Stores a file or directory, symbolic links as what they show; a sound object that is there already is kept. With
   * `move` the files leave their place (a stage's outputs, to which nobody writes any more), otherwise they are copied
   * and may even be edited meanwhile. `exclude`: patterns of what of a directory is left out. What a link shows is always copied: it may be anybody's. Throws a StageError
   * where `path` is not such an artifact.
   */
  async put(
    path: string,
    artifact: ArtifactKind,
    options: { readonly move?: boolean; readonly exclude?: readonly string[] | undefined } = {},
  ): Promise<StoredArtifact> {
    return await explained(`store ${path}`, async () => {
      const state = await shownState(path);
      const fits = artifact === 'file' ? state.isFile() : state.isDirectory();
      if (!fits)
        throw artifact === 'directory'
          ? new StageError(`${path} is not a directory`)
          : new StageError(`${path} is not a regular file`, {
              hint: state.isDirectory() ? FOLDER_HINT : STREAM_HINT,
            });
      const move = options.move === true && !(await holdsLinks(path));
      const stored =
        artifact === 'directory'
          ? await this.#putDirectory(path, move, options.exclude)
          : {
              artifact,
              ...(await this.#blobs.add(path, { move })),
              ...(isExecutable(state) && ({ executable: true } as const)),
            };
      if (options.move) await rm(path, { recursive: true, force: true });
      return stored;
    });
  }

  /** Stores bytes that are in memory as a file artifact. */
  async putBytes(bytes: Uint8Array | string): Promise<StoredArtifact> {
    return await explained('store an object', async () => ({
      artifact: 'file',
      ...(await this.#blobs.addBytes(bytes)),
    }));
  }

  /** Where an artifact can be read, hashed now; undefined when any part is lost or damaged. */
  async locate({ artifact, digest, bytes }: StoredArtifact): Promise<LocatedArtifact | undefined> {
    return await explained('read the cache', async () => {
      if (artifact === 'file') {
        const path = await this.#blobs.locate(digest, bytes);
        return path === undefined ? undefined : { artifact, path };
      }
      const tree = await this.#readTree(digest);
      if (!tree) return undefined;
      await this.#blobs.bring(tree.files);
      const files: [string, string][] = [];
      for (const file of tree.files) {
        const path = await this.#blobs.locate(file.digest, file.bytes);
        if (path === undefined) return undefined;
        files.push([file.path, path]);
      }
      return { artifact, files: Object.fromEntries(files) };
    });
  }

  /** The bytes of a file artifact that is small enough for memory; undefined when it is lost or damaged. */
  async bytes({ digest }: StoredArtifact): Promise<Buffer | undefined> {
    return await explained('read the cache', () => this.#blobs.bytes(digest));
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
   * Digest of every object that an artifact is made of; those of files are not looked at. Of a directory whose tree is lost
   * or damaged nothing but the tree is known.
   */
  async names({ artifact, digest }: StoredArtifact): Promise<readonly Digest[]> {
    return await explained('read the cache', async () => {
      const isTree = artifact === 'directory' && (await this.#blobs.size(digest)) !== undefined;
      const tree = isTree ? await this.#readTree(digest) : undefined;
      return [digest, ...(tree?.files ?? []).map((file) => file.digest)];
    });
  }

  /**
   * Every object that an artifact is made of, and its bytes as far as they are on record; they are not looked at. Of a directory its
   * tree comes last. Undefined where the tree is lost or damaged.
   */
  async listed({
    artifact,
    digest,
    bytes,
  }: StoredArtifact): Promise<readonly { readonly digest: Digest; readonly bytes?: number }[] | undefined> {
    return await explained('read the cache', async () => {
      if (artifact === 'file') return [{ digest, bytes }];
      const tree = await this.#readTree(digest);
      return tree && [...tree.files, { digest }];
    });
  }

  /**
   * Every object that an artifact is made of, and a file with its bytes, hashed now; of a directory its tree comes last.
   * Undefined when one is lost or damaged.
   */
  async parts({ artifact, digest }: StoredArtifact): Promise<ReadonlyMap<Digest, string> | undefined> {
    return await explained('read the cache', async () => {
      const tree = artifact === 'directory' ? await this.#readTree(digest) : { files: [] };
      if (!tree) return undefined;
      const parts = new Map<Digest, string>();
      for (const part of [...tree.files.map((file) => file.digest), digest]) {
        const path = parts.get(part) ?? (await this.#blobs.locate(part));
        if (path === undefined) return undefined;
        parts.set(part, path);
      }
      return parts;
    });
  }

  /**
   * Puts a writable copy at `destination`, which must not exist: a reflink where the file system can, never
   * a hard link, through which root could write into the store. It holds the bytes that were hashed. Undefined, with
   * nothing at `destination`, when the artifact is lost or damaged. Errors of the system pass unchanged: the caller
   * knows what is being written.
   */
  async materialize(
    { artifact, digest, bytes, executable }: StoredArtifact,
    destination: string,
  ): Promise<LocatedArtifact | undefined> {
    if (artifact === 'file') {
      await mkdir(dirname(destination), { recursive: true });
      const copied = await this.#blobs.copy(digest, destination, modeOf(executable), bytes);
      return copied ? { artifact, path: destination } : undefined;
    }
    const tree = await this.#readTree(digest);
    if (!tree) return undefined;
    await mkdir(dirname(destination), { recursive: true });
    await mkdir(destination);
    let files: Record<string, string> | undefined;
    try {
      files = await this.#copyTree(tree, destination);
      return files && { artifact, files };
    } finally {
      if (!files) await rm(destination, { recursive: true });
    }
  }

  async #copyTree(tree: Tree, destination: string): Promise<Record<string, string> | undefined> {
    await this.#blobs.bring(tree.files);
    const files: [string, string][] = [];
    for (const path of tree.emptyDirectories) await mkdir(join(destination, path), { recursive: true });
    for (const { path, digest, bytes, executable } of tree.files) {
      const copy = join(destination, path);
      await mkdir(dirname(copy), { recursive: true });
      if (!(await this.#blobs.copy(digest, copy, modeOf(executable), bytes))) return undefined;
      files.push([path, copy]);
    }
    return Object.fromEntries(files);
  }

  /** Files go first and the tree last: a tree that can be found refers to complete objects only. */
  async #putDirectory(root: string, move: boolean, exclude?: readonly string[]): Promise<StoredArtifact> {
    const { files, emptyDirectories } = await listDirectory(root, exclude && excluderOf(exclude));
    const stored: TreeFile[] = [];
    for (const { path, source, state } of files) {
      stored.push({ path, ...(await this.#blobs.add(source, { move })), executable: isExecutable(state) });
    }
    const { digest } = await this.#blobs.addBytes(encodeTree({ files: stored, emptyDirectories }));
    return { artifact: 'directory', digest, bytes: stored.reduce((sum, file) => sum + file.bytes, 0) };
  }

  async #readTree(digest: Digest): Promise<Tree | undefined> {
    const bytes = await this.#blobs.bytes(digest);
    if (bytes === undefined) return undefined;
    try {
      return parseTree(bytes.toString());
    } catch (error) {
      const reason = messageOf(error);
      this.#onProblem({ code: 'corrupt-object', message: `Object ${digest} is no directory: ${reason}` });
      return undefined;
    }
  }
}

function modeOf(executable: boolean | undefined): number {
  return executable ? 0o755 : 0o644;
}
