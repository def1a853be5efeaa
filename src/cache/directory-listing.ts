import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StageError } from '../contract/stage-context.ts';
import { foldName } from './tree.ts';

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
  readonly executable: boolean;
}

/**
 * Lists all files below a directory. Throws a StageError that names the path for what could not be restored
 * alike on every machine: symbolic links, special files, names that are not UTF-8, and names that differ
 * only in case or in Unicode normalization.
 */
export async function listDirectory(root: string): Promise<DirectoryListing> {
  const files: ListedFile[] = [];
  const emptyDirectories: string[] = [];

  async function visit(directory: string, prefix: string): Promise<void> {
    const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' });
    if (entries.length === 0 && prefix !== '') emptyDirectories.push(prefix);
    const seen = new Map<string, string>();
    for (const entry of entries) {
      const name = decodeName(entry.name, directory);
      const source = join(directory, name);
      const twin = seen.get(foldName(name));
      if (twin !== undefined) throw collision(join(directory, twin), source);
      seen.set(foldName(name), name);
      const path = prefix === '' ? name.normalize('NFC') : `${prefix}/${name.normalize('NFC')}`;
      if (entry.isDirectory()) await visit(source, path);
      else if (entry.isFile()) files.push({ path, source, executable: await isExecutable(source) });
      else throw notRegular(source, entry);
    }
  }

  await visit(root, '');
  return { files, emptyDirectories };
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

async function isExecutable(path: string): Promise<boolean> {
  return ((await lstat(path)).mode & 0o100) !== 0;
}

function collision(one: string, other: string): StageError {
  return new StageError(`Cannot store ${one} and ${other}: on some file systems the two names are the same`, {
    hint: 'Rename one of them.',
  });
}

function notRegular(path: string, entry: Dirent<Buffer>): StageError {
  return entry.isSymbolicLink()
    ? new StageError(`Cannot store ${path}: it is a symbolic link`, {
        hint: 'Put a copy of its target there.',
      })
    : new StageError(`Cannot store ${path}: it is neither a file nor a directory`, { hint: 'Remove it.' });
}
