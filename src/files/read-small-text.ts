import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { ifThere } from './system-problem.ts';

/** More than nearly all such files have. What is longer is looked at before all of it is read: a device has no end. */
const READ_AT_ONCE = Buffer.allocUnsafe(1 << 16);

/**
 * Text of a small file of the cache, read at once: a run with nothing to do reads several for every stage, and waiting
 * for a thread would take longer than reading. Undefined where there is none. Throws an Error where something else is in
 * its place; a queue there is not waited for.
 */
export function readSmallText(path: string): string | undefined {
  const file = ifThere(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (file === undefined) return undefined;
  try {
    const length = readSync(file, READ_AT_ONCE);
    if (length < READ_AT_ONCE.length) return READ_AT_ONCE.toString('utf8', 0, length);
    if (!fstatSync(file).isFile()) throw new Error('it is not a file');
    return Buffer.concat([READ_AT_ONCE, readFileSync(file)]).toString();
  } finally {
    closeSync(file);
  }
}
