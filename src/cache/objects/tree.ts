import { canonicalJson } from '../../contract/canonical-json.ts';
import { foldName } from '../../contract/file-name.ts';
import { type Digest, isDigest } from '../../files/digest.ts';

/** Version of the tree object's format. */
const TREE_VERSION = 1;

/** A directory as one value: its files with their digests, and the directories that are empty. */
export interface Tree {
  /** Sorted by the UTF-8 bytes of the path, as `emptyDirectories` is. */
  readonly files: readonly TreeFile[];
  readonly emptyDirectories: readonly string[];
}

export interface TreeFile {
  /** Relative, NFC, with `/`. */
  readonly path: string;
  readonly digest: Digest;
  readonly bytes: number;
  readonly executable: boolean;
}

/** The bytes of a tree object; equal directories give equal bytes whatever order their files were found in. */
export function encodeTree(tree: Tree): string {
  const files = [...tree.files]
    .sort((one, other) => compareUtf8(one.path, other.path))
    .map(({ path, digest, bytes, executable }) => ({ path, digest, bytes, executable }));
  return canonicalJson({
    tree: TREE_VERSION,
    files,
    emptyDirectories: [...tree.emptyDirectories].sort(compareUtf8),
  });
}

/**
 * Reads a tree object. Throws an Error for anything that `encodeTree` does not write, and for paths that
 * would lead out of the directory or cannot exist side by side: a tree may come from another machine.
 */
export function parseTree(text: string): Tree {
  const value: unknown = JSON.parse(text);
  if (!isTree(value) || encodeTree(value) !== text) throw new Error('not a tree object of a known version');
  checkPaths(value);
  return value;
}

function isTree(value: unknown): value is Tree {
  const { files, emptyDirectories } = Object(value) as Partial<Record<keyof Tree, unknown>>;
  return (
    Array.isArray(files) &&
    files.every(isTreeFile) &&
    Array.isArray(emptyDirectories) &&
    emptyDirectories.every((path) => typeof path === 'string')
  );
}

function isTreeFile(value: unknown): value is TreeFile {
  const { path, digest, bytes, executable } = Object(value) as Partial<Record<keyof TreeFile, unknown>>;
  return (
    typeof path === 'string' &&
    isDigest(digest) &&
    Number.isSafeInteger(bytes) &&
    typeof executable === 'boolean'
  );
}

function checkPaths({ files, emptyDirectories }: Tree): void {
  const directories = new Map<string, string>();
  const leaves = new Set<string>();
  for (const path of [...files.map((file) => file.path), ...emptyDirectories]) {
    const names = path.split('/');
    if (
      path !== path.normalize('NFC') ||
      names.some((name) => ['', '.', '..'].includes(name) || name.includes('\0'))
    ) {
      throw new Error(`path ${JSON.stringify(path)} is not allowed in a tree`);
    }
    names.slice(0, -1).forEach((_, depth) => {
      const directory = names.slice(0, depth + 1).join('/');
      const folded = foldName(directory);
      if ((directories.get(folded) ?? directory) !== directory)
        throw new Error(`${directory} is there in two cases`);
      directories.set(folded, directory);
    });
    if (leaves.has(foldName(path))) throw new Error(`${path} is there twice`);
    leaves.add(foldName(path));
  }
  for (const leaf of leaves) {
    if (directories.has(leaf)) throw new Error(`${leaf} is a file and a directory`);
  }
}

/** JavaScript compares UTF-16 code units, which sorts characters beyond U+FFFF before U+E000 to U+FFFF. */
function compareUtf8(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
