import { constants } from 'node:fs';
import { copyFile, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A file that is not yet whole, beside the path that it will have. */
export interface Part {
  readonly path: string;
  /** Holds the server's name for the version that the part belongs to (ETag or Last-Modified). */
  readonly validatorPath: string;
}

export function partOf(destination: string): Part {
  return { path: `${destination}.part`, validatorPath: `${destination}.part.version` };
}

export async function discardPart(part: Part): Promise<void> {
  await rm(part.path, { force: true });
  await rm(part.validatorPath, { force: true });
}

/** Headers that ask for the rest of a part, if there is one that can be continued (RFC 9110, 13.1.5 and 14). */
export async function rangeHeaders(part: Part, pinned: boolean): Promise<Record<string, string>> {
  const size = await sizeOf(part.path);
  if (size === undefined || size === 0) return {};
  const validator = await readFile(part.validatorPath, 'utf8').catch(() => '');
  if (validator !== '') return { range: `bytes=${size}-`, 'if-range': validator };
  // Without a name for the version only the pinned digest can tell whether the halves belong together.
  return pinned ? { range: `bytes=${size}-` } : {};
}

/** A strong ETag, else the date of the last change; empty where the server names neither. */
export function validatorOf(response: Response): string {
  const etag = response.headers.get('etag') ?? '';
  return etag.startsWith('"') ? etag : (response.headers.get('last-modified') ?? '');
}

/** Bytes of a file, or undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/**
 * Copies a file under another name first, so that a copy cut short never passes for the whole. Returns false
 * where there is none to copy.
 */
export async function copyWhole(from: string, to: string): Promise<boolean> {
  const copying = join(dirname(to), `.${basename(to)}.copying`);
  try {
    await copyFile(from, copying, constants.COPYFILE_FICLONE);
  } catch {
    return false;
  }
  await rename(copying, to);
  return true;
}
