import type { BigIntStats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { foldName } from '../contract/file-name.ts';
import { StageError } from '../contract/stage-context.ts';
import { errorCode } from './system-problem.ts';
import { badLink, cannotRead, collision, specialFile } from './unfit-source.ts';

/** A directory on disk as a tree will hold it. */
export interface DirectoryListing {
  readonly files: readonly ListedFile[];
  readonly emptyDirectories: readonly string[];
}

interface ListedFile {
  /** Relative, NFC, with `/`: the path in the tree. */
  readonly path: string;
  /** Where the bytes are; its last name may be spelt otherwise (macOS gives decomposed names). */
  readonly source: string;
  /** Of the file itself, also where a symbolic link leads to it. */
  readonly state: BigIntStats;
}

/** Entries that are listed of folders that were listed before: links that multiply give 2^30 of them in 30 folders. */
const MOST_REPEATED = 100_000;
/** Links of a path. Linux follows 40. */
const MOST_LINKS = 32;

/**
 * Lists all files below a directory, but for what is excluded by its relative path. Symbolic links are listed as what they show. Throws a StageError that names the path
 * for what could not be restored alike on every machine: links that lead nowhere, in circles or to the same files without
 * end, special files, names that are not UTF-8, and names that differ only in case or in Unicode normalization.
 */
export async function listDirectory(
  root: string,
  isExcluded: (path: string) => boolean = () => false,
): Promise<DirectoryListing> {
  const files: ListedFile[] = [];
  const emptyDirectories: string[] = [];
  const listed = new Set<string>();
  let repeated = 0;

  /** Lists a directory unless that would never end. */
  async function open({ source, within, links }: Branch): Promise<readonly NamedEntry[]> {
    const entries = await namedEntries(source);
    const own = within.at(-1)!;
    const link = links.at(-1);
    if (listed.has(own)) repeated += entries.length;
    if (repeated > MOST_REPEATED && link !== undefined) throw await badLink(link, 'multiplied');
    listed.add(own);
    return entries;
  }

  async function visit(branch: Branch): Promise<void> {
    const inside = (name: string) =>
      branch.path === '' ? name.normalize('NFC') : `${branch.path}/${name.normalize('NFC')}`;
    const entries = (await open(branch)).filter(({ name }) => !isExcluded(inside(name)));
    if (entries.length === 0 && branch.path !== '') emptyDirectories.push(branch.path);
    for (const { name, isLink } of entries) {
      const source = join(branch.source, name);
      const path = inside(name);
      const state = await shownState(source);
      if (state.isFile()) files.push({ path, source, state });
      else if (state.isDirectory()) await visit(await branchTo(branch, { path, source, isLink, state }));
      else throw isLink ? await badLink(source, 'special') : specialFile(source);
    }
  }

  await visit({ path: '', source: root, within: await identitiesAbove(root), links: [] });
  return { files, emptyDirectories };
}

interface NamedEntry {
  readonly name: string;
  readonly isLink: boolean;
}

/** What is in a directory. Throws a StageError for names that could not be restored alike. */
async function namedEntries(directory: string): Promise<readonly NamedEntry[]> {
  const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' }).catch(
    (error: unknown) => {
      throw cannotRead(directory, error);
    },
  );
  const seen = new Map<string, string>();
  return entries.map((entry) => {
    const name = decodeName(entry.name, directory);
    const twin = seen.get(foldName(name));
    if (twin !== undefined) throw collision(join(directory, twin), join(directory, name));
    seen.set(foldName(name), name);
    return { name, isLink: entry.isSymbolicLink() };
  });
}

/** A directory on the way down. */
interface Branch {
  readonly path: string;
  readonly source: string;
  /** The directories that it is in and itself, by device and inode. */
  readonly within: readonly string[];
  /** The symbolic links of its path. */
  readonly links: readonly string[];
}

/** The branch to a directory inside another. Throws a StageError for a link that leads up, or is too deep. */
async function branchTo(
  parent: Branch,
  { path, source, isLink, state }: { path: string; source: string; isLink: boolean; state: BigIntStats },
): Promise<Branch> {
  const own = identity(state);
  if (parent.within.includes(own)) throw await badLink(source, 'circle');
  if (isLink && parent.links.length === MOST_LINKS) throw await badLink(source, 'deep');
  const links = isLink ? [...parent.links, source] : parent.links;
  return { path, source, within: [...parent.within, own], links };
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

/** Whether what is at a path is a symbolic link, or a directory that holds one at any depth. */
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

/** A directory and all that it is in, the outermost first. */
async function identitiesAbove(directory: string): Promise<readonly string[]> {
  const identities = [identity(await shownState(directory))];
  let path = await realpath(directory);
  while (dirname(path) !== path) {
    path = dirname(path);
    identities.unshift(identity(await stat(path, { bigint: true })));
  }
  return identities;
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
