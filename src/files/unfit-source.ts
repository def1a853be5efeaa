import { readlink } from 'node:fs/promises';
import { StageError } from '../contract/stage-context.ts';
import { errorCode } from './system-problem.ts';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EPERM: 'the operation is not permitted',
  EIO: 'the disk reports an error',
  ENOENT: 'it is gone',
};

const LINK_FAULTS = {
  dangling: { what: 'and there is nothing', hint: 'Remove the link, or create its target.' },
  loop: { what: 'which leads back to the link', hint: 'Remove the link.' },
  circle: { what: 'a directory that the link is in', hint: 'Remove the link, or replace it by a copy.' },
  multiplied: {
    what: 'and links like it show the same files 100,000 times over',
    hint: 'Remove links of which several lead to one folder.',
  },
  deep: { what: 'reached through more than 32 other links', hint: 'Replace some of them by copies.' },
  special: { what: 'which is neither a file nor a directory', hint: 'Remove the link.' },
};

/** The error of reading a file or folder that is to be stored, as one that the user can fix where it is such. */
export function cannotRead(path: string, error: unknown): unknown {
  const reason = REASONS[errorCode(error) ?? ''];
  if (reason === undefined) return error;
  return new StageError(`Cannot read ${path}: ${reason}`, {
    hint: 'Check the file and its permissions.',
    cause: error,
  });
}

/** Neither a file nor a folder: a queue, a socket, a device. */
export function specialFile(path: string): StageError {
  return new StageError(`Cannot store ${path}: it is neither a file nor a directory`, { hint: 'Remove it.' });
}

/** A symbolic link that cannot be stored as what it shows, with the link, its target and what is wrong. */
export async function badLink(path: string, wrong: keyof typeof LINK_FAULTS): Promise<StageError> {
  const { what, hint } = LINK_FAULTS[wrong];
  const target = await readlink(path);
  return new StageError(`Cannot store ${path}: it is a symbolic link to ${target}, ${what}`, { hint });
}

/** Two names of one directory that some file systems take for the same. */
export function collision(one: string, other: string): StageError {
  return new StageError(`Cannot store ${one} and ${other}: on some file systems the two names are the same`, {
    hint: 'Rename one of them.',
  });
}
