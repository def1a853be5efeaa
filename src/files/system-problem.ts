import { getSystemErrorMap } from 'node:util';
import { brokenLink } from './broken-link.ts';

/** The cache cannot do what is asked, for a reason that the user can fix (a full or read-only disk). */
export class CacheError extends Error {
  override readonly name = 'CacheError';
  /** What to do next. */
  readonly hint: string;

  /** Parts of the command line are bundles of their own, with their copy of this class: the name tells, not the copy. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'CacheError';
  }

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }
}

/** Where else the user can have it written, and what they should know then. */
interface Elsewhere {
  readonly elsewhere: string;
  readonly note: string;
}

const ARTIFACTS: Elsewhere = {
  elsewhere: 'give another folder with --artifacts',
  note: ' Results that exist are kept; run the same command again to continue from there.',
};

/** For what is copied out of the cache to a place that the user named. */
export const DESTINATION: Elsewhere = { elsewhere: 'give another destination', note: '' };

interface Cause {
  readonly problem: string;
  readonly remedy: string;
}

const CAUSES: Readonly<Record<string, Cause>> = {
  ENOSPC: { problem: 'the disk is full', remedy: 'Free some space on that disk' },
  EDQUOT: { problem: 'your disk quota is used up', remedy: 'Free some space, ask for a larger quota' },
  EFBIG: {
    problem: 'the file would be larger than is allowed',
    remedy: 'Raise the limit (`ulimit -f`), use a file system for large files',
  },
  EROFS: { problem: 'the file system is read-only', remedy: 'Make it writable' },
  EACCES: { problem: 'permission is denied', remedy: 'Make the folder writable for your user' },
  EPERM: { problem: 'the operation is not permitted', remedy: 'Check who owns the folder, and its flags' },
  ENOTSUP: { problem: 'the file system lacks what is needed', remedy: 'Use a folder on a local disk' },
  EMFILE: { problem: 'too many files are open', remedy: 'Raise the limit (`ulimit -n`), lower `--jobs`' },
  ENFILE: { problem: 'the machine has too many files open', remedy: 'End other programs' },
  ENOTDIR: { problem: 'a file is where a folder is needed', remedy: 'Move that file away' },
  EISDIR: { problem: 'a folder is where a file is needed', remedy: 'Move that folder away' },
  EEXIST: { problem: 'a file is in the way', remedy: 'Move that file away' },
  ENOENT: { problem: 'a file or folder is not there', remedy: 'Check that nothing else removes it' },
  ELOOP: { problem: 'symbolic links lead round in a circle', remedy: 'Remove the link' },
  ENAMETOOLONG: { problem: 'the name is too long for the file system', remedy: 'Use shorter names' },
  EIO: { problem: 'the disk cannot be read or written', remedy: 'Check the disk and its cables (`dmesg`)' },
  ENODEV: { problem: 'the device is gone', remedy: 'Attach or mount the disk again' },
  ENXIO: { problem: 'the device is gone', remedy: 'Attach or mount the disk again' },
  ESTALE: { problem: 'the network file system has lost the file', remedy: 'Mount it again' },
};

/** For errors of the system that nobody has put into words here: its own words. */
function causeOf(error: NodeJS.ErrnoException): Cause {
  const [, words] = getSystemErrorMap().get(error.errno ?? 0) ?? [];
  const known = CAUSES[error.code ?? ''];
  return known ?? { problem: `${words ?? 'the system refuses'} (${error.code})`, remedy: 'Check that disk' };
}

/**
 * Runs a step of the cache; errors of the system come out as a CacheError that says what was being done (`store the
 * file x`), what is wrong, with which path, and what to do. Other errors pass unchanged.
 */
export async function explained<T>(
  doing: string,
  step: () => Promise<T>,
  elsewhere: Elsewhere = ARTIFACTS,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw systemProblem(doing, error, elsewhere) ?? error;
  }
}

/** An error of the system as a CacheError; undefined for any other error. */
export function systemProblem(
  doing: string,
  error: unknown,
  { elsewhere, note }: Elsewhere = ARTIFACTS,
): CacheError | undefined {
  if (!isSystemError(error)) return undefined;
  const link = [error.path, error.dest].map((path) => path && brokenLink(path)).find(Boolean);
  if (link) {
    return new CacheError(
      `${link}. Is the disk mounted?`,
      `Mount it, remove the link, or ${elsewhere}.`,
      error,
    );
  }
  const { problem, remedy } = causeOf(error);
  return new CacheError(
    `Cannot ${doing}: ${problem}${failingPath(error)}.`,
    `${remedy}, or ${elsewhere}.${note}`,
    error,
  );
}

interface SystemError extends NodeJS.ErrnoException {
  readonly dest?: string;
}

/** Whether it is an error of the file system: connections, which have no path, are others' to explain. */
function isSystemError(error: unknown): error is SystemError {
  const { code, errno, path } = Object(error) as Partial<SystemError>;
  if (!(error instanceof Error) || typeof code !== 'string') return false;
  return code in CAUSES || (typeof errno === 'number' && typeof path === 'string');
}

/** Of a copy both paths are reported: the system does not say which of them failed. */
function failingPath({ path, dest }: SystemError): string {
  if (path === undefined) return '';
  return dest === undefined ? ` (${path})` : ` (${path} -> ${dest})`;
}

/** The system's code of an error (`ENOENT`), undefined where it has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Does a file operation at once; undefined where the file does not exist. */
export function ifThere<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Awaits a file operation; undefined where the file does not exist. */
export async function orAbsent<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
