import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Folder with the book's instruction-data.json, or undefined: tests that need it skip then. */
export const bookData = findBookData();

function findBookData(): string | undefined {
  const folder = process.env.PIPE_BOOK_DATA ?? join(import.meta.dirname, '../../shared/data');
  if (existsSync(join(folder, 'instruction-data.json'))) return folder;
  console.warn(
    `Tests on the book's records are skipped: no instruction-data.json in ${folder} (PIPE_BOOK_DATA)`,
  );
  return undefined;
}
