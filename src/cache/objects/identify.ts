import { digestOfBytes, digestOfFile } from '../../files/digest.ts';
import { isExecutable, listDirectory, shownState } from '../../files/directory-listing.ts';
import { excluderOf } from '../../files/excluded.ts';
import type { StoredArtifact } from './object-store.ts';
import { encodeTree, type TreeFile } from './tree.ts';

/**
 * What `ObjectStore.put` would give for a file or directory, without storing anything: for a plan where the store
 * cannot be written. Throws a StageError for what cannot be stored, the system's error where `path` cannot be read.
 */
export async function identify(path: string, exclude?: readonly string[]): Promise<StoredArtifact> {
  const state = await shownState(path);
  if (!state.isDirectory()) {
    const executable = isExecutable(state) && ({ executable: true } as const);
    return { artifact: 'file', ...(await digestOfFile(path)), ...executable };
  }
  const { files, emptyDirectories } = await listDirectory(path, exclude && excluderOf(exclude));
  const tree: TreeFile[] = [];
  for (const { path, source, state } of files) {
    tree.push({ path, ...(await digestOfFile(source)), executable: isExecutable(state) });
  }
  const bytes = tree.reduce((sum, file) => sum + file.bytes, 0);
  return {
    artifact: 'directory',
    digest: digestOfBytes(encodeTree({ files: tree, emptyDirectories })),
    bytes,
  };
}
