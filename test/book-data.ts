import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Folder with the book's instruction-data.json, or undefined: tests that need it skip then. */
export const bookData = findBookData();

/** Throws where PIPE_BOOK_DATA names a folder without the data: then it should be there, and skipping would hide that. */
function findBookData(): string | undefined {
  const named = process.env.PIPE_BOOK_DATA;
  const folder = named ?? join(import.meta.dirname, '../../shared/data');
  if (existsSync(join(folder, 'instruction-data.json'))) return folder;
  if (named !== undefined)
    throw new Error(`PIPE_BOOK_DATA is ${named}, where there is no instruction-data.json`);
  return undefined;
}
