import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/**
 * Text of a small file of the cache, read at once: a run with nothing to do reads several for every stage, and waiting
 * for a thread would take longer than reading. Throws an Error if there is none, and where something else is in its
 * place; a queue there is not waited for.
 */
export function readText(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error('it is not a file');
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
