import { readlinkSync, statSync } from 'node:fs';
import { dirname, relative } from 'node:path';

/**
 * What is wrong where a path leads through a symbolic link to nowhere, as when a disk is not mounted; undefined where
 * it leads through none. System calls say ENOENT or EEXIST then, and not of which part of the path.
 */
export function brokenLink(path: string): string | undefined {
  const parent = dirname(path);
  const above = parent === path ? undefined : brokenLink(parent);
  if (above !== undefined) return above;
  let target: string;
  try {
    target = readlinkSync(path);
  } catch {
    return undefined; // no link, or nothing that can be looked at
  }
  const link = `${shownPath(path)} is a symbolic link to ${target}`;
  try {
    statSync(path);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') return `${link}, which leads back to itself`;
    return code === 'ENOENT' ? `${link}, which does not exist` : undefined;
  }
}

/** Relative to the current folder where the path is in it. */
function shownPath(path: string): string {
  try {
    const short = relative(process.cwd(), path);
    return short === '' || short.startsWith('..') ? path : short;
  } catch {
    return path; // the current folder was deleted
  }
}
