import { stat } from 'node:fs/promises';
import { digestOfBytes, digestOfFile } from './digest.ts';
import { listDirectory } from './directory-listing.ts';
import type { StoredArtifact } from './object-store.ts';
import { encodeTree, type TreeFile } from './tree.ts';

/**
 * What `ObjectStore.put` would give for a file or directory, without storing anything: for a plan where the store
 * cannot be written. Throws the system's error where `path` cannot be read.
 */
export async function identify(path: string): Promise<StoredArtifact> {
  if (!(await stat(path)).isDirectory()) return { artifact: 'file', ...(await digestOfFile(path)) };
  const { files, emptyDirectories } = await listDirectory(path);
  const tree: TreeFile[] = [];
  for (const { path, source, executable } of files) {
    tree.push({ path, ...(await digestOfFile(source)), executable });
  }
  const bytes = tree.reduce((sum, file) => sum + file.bytes, 0);
  return {
    artifact: 'directory',
    digest: digestOfBytes(encodeTree({ files: tree, emptyDirectories })),
    bytes,
  };
}
