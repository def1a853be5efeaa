import { type BigIntStats, statSync } from 'node:fs';
import { messageOf } from '../../contract/message-of.ts';
import { listDirectory } from '../../files/directory-listing.ts';
import { excluderOf } from '../../files/excluded.ts';

/** A file or a folder (absolute), and what of a folder is left out, as an input says it. */
export interface WatchedPath {
  readonly path: string;
  readonly exclude?: readonly string[];
}

/** What files are like: a text for each path, which differs when the file has changed. Files of a folder stand alone. */
export type FileStates = ReadonlyMap<string, string>;

/** Looks at files and folders; what is not there has no entry. */
export async function lookAt(watched: readonly WatchedPath[]): Promise<FileStates> {
  const states = new Map<string, string>();
  const each = new Map(
    watched.map(({ path, exclude }) => [JSON.stringify([path, exclude]), { path, exclude }]),
  );
  for (const { path, exclude } of each.values()) {
    const state = statOf(path);
    if (state === undefined) continue;
    if (!state.isDirectory()) states.set(path, textOf(state));
    else for (const [file, text] of await statesIn(path, exclude)) states.set(file, text);
  }
  return states;
}

export interface FileChange {
  readonly path: string;
  readonly what: 'changed' | 'was added' | 'was removed';
}

/** What differs between two looks at the same files. */
export function changesBetween(before: FileStates, after: FileStates): readonly FileChange[] {
  const changes: FileChange[] = [];
  for (const [path, text] of before) {
    const now = after.get(path);
    if (now === undefined) changes.push({ path, what: 'was removed' });
    else if (now !== text) changes.push({ path, what: 'changed' });
  }
  for (const path of after.keys()) if (!before.has(path)) changes.push({ path, what: 'was added' });
  return changes;
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined; // a run says what is wrong with it
  }
}

/** The folder itself has an entry where it cannot be listed. */
async function statesIn(
  folder: string,
  exclude: readonly string[] | undefined,
): Promise<readonly (readonly [string, string])[]> {
  try {
    const { files } = await listDirectory(folder, exclude && excluderOf(exclude));
    return files.map(({ source, state }) => [source, textOf(state)]);
  } catch (error) {
    return [[folder, messageOf(error)]];
  }
}

function textOf({ dev, ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mode, mtimeNs, ctimeNs].join(' ');
}
