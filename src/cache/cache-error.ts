/** The cache cannot do what is asked, for a reason that the user can mend (a full or read-only disk). */
export class CacheError extends Error {
  override readonly name = 'CacheError';
  /** What to do next. */
  readonly hint: string;
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
  note: ' Results that exist are kept; run the same command again to go on from there.',
};

/** For what is copied out of the cache to a place that the user named. */
export const DESTINATION: Elsewhere = { elsewhere: 'give another destination', note: '' };

const CAUSES: Readonly<Record<string, { readonly problem: string; readonly remedy: string }>> = {
  ENOSPC: { problem: 'the disk is full', remedy: 'Free some space on that disk' },
  EDQUOT: { problem: 'your disk quota is used up', remedy: 'Free some space, ask for a larger quota' },
  EROFS: { problem: 'the file system is read-only', remedy: 'Make it writable' },
  EACCES: { problem: 'permission is denied', remedy: 'Make the folder writable for your user' },
  EPERM: { problem: 'the operation is not permitted', remedy: 'Check who owns the folder, and its flags' },
  ENOTSUP: { problem: 'the file system lacks what is needed', remedy: 'Use a folder on a local disk' },
  EMFILE: { problem: 'too many files are open', remedy: 'Raise the limit (`ulimit -n`), lower `--jobs`' },
  ENOTDIR: { problem: 'a file is where a folder is needed', remedy: 'Move that file away' },
  EEXIST: { problem: 'a file is in the way', remedy: 'Move that file away' },
};

/**
 * Runs a step of the cache; system errors that a user can mend come out as a CacheError that says what was
 * being done (`store the file x`), what is wrong, with which path, and what to do. Other errors pass unchanged.
 */
export async function explained<T>(
  doing: string,
  step: () => Promise<T>,
  { elsewhere, note }: Elsewhere = ARTIFACTS,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const cause = CAUSES[errorCode(error) ?? ''];
    if (!cause) throw error;
    const message = `Cannot ${doing}: ${cause.problem}${failingPath(error as NodeJS.ErrnoException)}.`;
    throw new CacheError(message, `${cause.remedy}, or ${elsewhere}.${note}`, error);
  }
}

/** Of a copy both paths are told: the system does not say which of them failed. */
function failingPath({ path, dest }: NodeJS.ErrnoException & { readonly dest?: string }): string {
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
