import { type BigIntStats, statSync } from 'node:fs';
import { messageOf } from '../../contract/message-of.ts';
import { listDirectory } from '../../files/directory-listing.ts';

/** What files are like: a text for each path, which differs when the file has changed. Files of a folder stand alone. */
export type FileStates = ReadonlyMap<string, string>;

/** Looks at files and folders (absolute paths); what is not there has no entry. */
export async function lookAt(paths: Iterable<string>): Promise<FileStates> {
  const states = new Map<string, string>();
  for (const path of new Set(paths)) {
    const state = statOf(path);
    if (state === undefined) continue;
    if (!state.isDirectory()) states.set(path, textOf(state));
    else for (const [file, text] of await statesIn(path)) states.set(file, text);
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
async function statesIn(folder: string): Promise<readonly (readonly [string, string])[]> {
  try {
    const { files } = await listDirectory(folder);
    return files.map(({ source, state }) => [source, textOf(state)]);
  } catch (error) {
    return [[folder, messageOf(error)]];
  }
}

function textOf({ dev, ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mode, mtimeNs, ctimeNs].join(' ');
}
