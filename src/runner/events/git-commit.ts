import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * The commit that is checked out where a pipeline file lies, read from the files of its repository: a run of hits has no
 * time for a process. Undefined outside a repository, before its first commit, and where refs are kept in another way.
 */
export function commitOf(file: string): string | undefined {
  const git = gitDirectory(dirname(file));
  if (git === undefined) return undefined;
  const head = lineOf(join(git, 'HEAD'));
  const reference = /^ref: (.+)$/.exec(head ?? '')?.[1];
  if (reference === undefined) return commit(head);
  // A second worktree has its own HEAD, and the refs of the first.
  const common = resolve(git, lineOf(join(git, 'commondir')) ?? '.');
  return commit(lineOf(join(common, reference))) ?? packed(common, reference);
}

/** `.git` at or above a folder; in a second worktree a file that says where it is. */
function gitDirectory(folder: string): string | undefined {
  const path = join(folder, '.git');
  if (lineOf(join(path, 'HEAD')) !== undefined) return path;
  const elsewhere = /^gitdir: (.+)$/.exec(lineOf(path) ?? '')?.[1];
  if (elsewhere !== undefined) return resolve(folder, elsewhere);
  const above = dirname(folder);
  return above === folder ? undefined : gitDirectory(above);
}

function packed(git: string, reference: string): string | undefined {
  const line = textOf(join(git, 'packed-refs'))
    ?.split('\n')
    .find((line) => line.endsWith(` ${reference}`));
  return commit(line?.split(' ')[0]);
}

function commit(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text) ? text : undefined;
}

function lineOf(path: string): string | undefined {
  return textOf(path)?.split('\n')[0]?.trim();
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // Nothing is there, or it cannot be read: then it is not known.
  }
}
