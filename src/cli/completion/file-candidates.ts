import { type Dirent, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Candidate } from './candidate.ts';

/** Files and folders where a word leads. */
export function files(word: string): readonly Candidate[] {
  return entries(word, () => true);
}

/** Files that can be pipelines, and the folders on the way to them. */
export function pipelineFiles(word: string): readonly Candidate[] {
  return entries(word, (name) => /\.ya?ml$/i.test(name));
}

export function folders(word: string): readonly Candidate[] {
  return entries(word, () => false);
}

/** What is in the folder that a word has reached; hidden names only where the word asks for them. */
function entries(word: string, wanted: (file: string) => boolean): readonly Candidate[] {
  const slash = word.lastIndexOf('/') + 1;
  const [before, begun] = [word.slice(0, slash), word.slice(slash)];
  const folder = before.startsWith('~/') ? join(homedir(), before.slice(2)) : before || '.';
  return list(folder).flatMap((entry): Candidate[] => {
    const { name } = entry;
    if (name.startsWith('.') && !begun.startsWith('.')) return [];
    if (isFolder(folder, entry))
      return name === 'node_modules' ? [] : [{ value: `${before}${name}/`, open: true }];
    return wanted(name) ? [{ value: `${before}${name}` }] : [];
  });
}

function list(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function isFolder(folder: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return statSync(join(folder, entry.name)).isDirectory();
  } catch {
    return false; // a link that leads nowhere
  }
}
