import type { BigIntStats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StageError } from '../contract/stage-context.ts';
import { errorCode } from './cache-error.ts';
import { foldName } from './tree.ts';
import { badLink, cannotRead, collision, specialFile } from './unfit-source.ts';

/** A directory on disk as a tree will hold it. */
export interface DirectoryListing {
  readonly files: readonly ListedFile[];
  readonly emptyDirectories: readonly string[];
}

interface ListedFile {
  /** Relative, NFC, with `/`: the path in the tree. */
  readonly path: string;
  /** Where the bytes lie; its last name may be spelt otherwise (macOS gives decomposed names). */
  readonly source: string;
  /** Of the file itself, also where a symbolic link leads to it. */
  readonly state: BigIntStats;
}

/**
 * Lists all files below a directory. Symbolic links are listed as what they show. Throws a StageError that names the path
 * for what could not be restored alike on every machine: links that lead nowhere or in circles, special files, names
 * that are not UTF-8, and names that differ only in case or in Unicode normalization.
 */
export async function listDirectory(root: string): Promise<DirectoryListing> {
  const files: ListedFile[] = [];
  const emptyDirectories: string[] = [];

  /** `within`: the directories that lead to this one, by device and inode. */
  async function visit(directory: string, prefix: string, within: readonly string[]): Promise<void> {
    const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' }).catch(
      (error: unknown) => {
        throw cannotRead(directory, error);
      },
    );
    if (entries.length === 0 && prefix !== '') emptyDirectories.push(prefix);
    const seen = new Map<string, string>();
    for (const entry of entries) {
      const name = decodeName(entry.name, directory);
      const source = join(directory, name);
      const twin = seen.get(foldName(name));
      if (twin !== undefined) throw collision(join(directory, twin), source);
      seen.set(foldName(name), name);
      const path = prefix === '' ? name.normalize('NFC') : `${prefix}/${name.normalize('NFC')}`;
      const state = await shownState(source);
      if (state.isFile()) files.push({ path, source, state });
      else if (!state.isDirectory())
        throw entry.isSymbolicLink() ? await badLink(source, 'special') : specialFile(source);
      else if (within.includes(identity(state))) throw await badLink(source, 'circle');
      else await visit(source, path, [...within, identity(state)]);
    }
  }

  await visit(root, '', [identity(await shownState(root))]);
  return { files, emptyDirectories };
}

/** The state of what a path shows, through symbolic links. Throws a StageError where there is nothing to see. */
export async function shownState(path: string): Promise<BigIntStats> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (!(await isLink(path))) throw cannotRead(path, error);
    throw await badLink(path, errorCode(error) === 'ELOOP' ? 'loop' : 'dangling');
  }
}

/** Whether what lies at a path is a symbolic link, or a directory that holds one at any depth. */
export async function holdsLinks(path: string): Promise<boolean> {
  const state = await lstat(path);
  if (!state.isDirectory()) return state.isSymbolicLink();
  for (const entry of await readdir(path, { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isSymbolicLink()) return true;
    if (entry.isDirectory() && (await holdsLinks(join(path, decodeName(entry.name, path))))) return true;
  }
  return false;
}

/** Whether the owner may run a file, which is the only permission that is kept. */
export function isExecutable({ mode }: BigIntStats): boolean {
  return (mode & 0o100n) !== 0n;
}

async function isLink(path: string): Promise<boolean> {
  return await lstat(path).then(
    (state) => state.isSymbolicLink(),
    () => false,
  );
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function decodeName(name: Buffer, directory: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    throw new StageError(`Cannot store ${join(directory, name.toString())}: its name is not UTF-8`, {
      hint: 'Rename the file.',
    });
  }
}
