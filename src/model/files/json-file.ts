import { readFile, stat } from 'node:fs/promises';
import { ModelFileError } from './model-file-error.ts';

/** Beyond any configuration or index of a GPT-2, which take 60 KB at most. */
const MAX_BYTES = 4 * 2 ** 20;

/**
 * Reads a JSON object of a model folder. `name`: of the file, as the user knows it. Throws ModelFileError for what is none, with
 * what it is instead where that can be seen.
 */
export async function readJsonObject(
  path: string,
  name: string,
  maxBytes = MAX_BYTES,
): Promise<Readonly<Record<string, unknown>>> {
  const { size } = await stat(path);
  if (size > maxBytes) throw ModelFileError.of(name, `${size} bytes are too many for it`);
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw ModelFileError.of(name, notJson(text, error), 'Download or save the file again.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw ModelFileError.of(name, 'not a JSON object');
}

function notJson(text: string, error: unknown): string {
  const instead = insteadOfFile(text);
  if (instead !== undefined) return `${instead}, not JSON`;
  return `not JSON (${error instanceof Error ? error.message : error})`;
}

/** What is in the place of a file, by its beginning: a page that a server sent, or what `git clone` leaves without git-lfs. */
export function insteadOfFile(text: string): string | undefined {
  if (/^\s*<(!doctype|html)/i.test(text)) return 'a web page';
  return text.startsWith('version https://git-lfs.github.com/') ? 'a git-lfs pointer' : undefined;
}
