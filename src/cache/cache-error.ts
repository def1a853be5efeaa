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

const KEPT = 'Results that exist are kept; run the same command again to go on from there.';

const CAUSES: Readonly<Record<string, { readonly problem: string; readonly remedy: string }>> = {
  ENOSPC: { problem: 'the disk is full', remedy: 'Free some space on that disk.' },
  EDQUOT: { problem: 'your disk quota is used up', remedy: 'Free some space, or ask for a larger quota.' },
  EROFS: { problem: 'the file system is read-only', remedy: 'Make it writable, or use another folder.' },
  EACCES: { problem: 'permission is denied', remedy: 'Make the folder writable for your user.' },
  EPERM: { problem: 'the operation is not permitted', remedy: 'Check who owns the folder, and its flags.' },
  ENOTSUP: { problem: 'the file system lacks what is needed', remedy: 'Use a folder on a local disk.' },
  EMFILE: { problem: 'too many files are open', remedy: 'Raise the limit (`ulimit -n`), or lower `--jobs`.' },
};

/**
 * Runs a step of the cache; system errors that a user can mend come out as a CacheError that says what was
 * being done (`store the file x`), what is wrong and what to do. Other errors pass unchanged.
 */
export async function explained<T>(doing: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const cause = CAUSES[errorCode(error) ?? ''];
    if (!cause) throw error;
    throw new CacheError(`Cannot ${doing}: ${cause.problem}.`, `${cause.remedy} ${KEPT}`, error);
  }
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
