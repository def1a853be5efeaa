import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** What is longer is in the log file. */
const MOST_BYTES = 64 * 1024;

/** The last lines that a stage printed, of at most 64 KiB; empty where its log cannot be read. */
export function logTail(path: string): readonly string[] {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, MOST_BYTES));
      const length = readSync(file, bytes, 0, bytes.length, size - bytes.length);
      const lines = bytes.toString('utf8', 0, length).trimEnd().split('\n');
      // The first line of a part most likely begins in the middle.
      if (size > MOST_BYTES) return [`… (all of it: ${path})`, ...lines.slice(1)];
      return lines[0] === '' && lines.length === 1 ? [] : lines;
    } finally {
      closeSync(file);
    }
  } catch {
    return [];
  }
}
