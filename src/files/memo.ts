import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Json } from '../contract/json.ts';
import { digestOfBytes } from './digest.ts';
import { temporaryName } from './durable.ts';
import { readSmallText } from './read-small-text.ts';

/**
 * A memo is a small file that only saves work: a line with the SHA-256 of the JSON that follows. What is damaged, or is no
 * file at all, is none.
 */
export function readMemo(path: string): Json | undefined {
  try {
    const text = readSmallText(path);
    return text === undefined ? undefined : decodeMemo(text);
  } catch {
    return undefined;
  }
}

/** The value of a memo's text; undefined where its checksum does not agree. */
export function decodeMemo(text: string): Json | undefined {
  const end = text.indexOf('\n');
  const json = text.slice(end + 1);
  return text.slice(0, Math.max(end, 0)) === digestOfBytes(json) ? (JSON.parse(json) as Json) : undefined;
}

/** The text of a memo. */
export function encodeMemo(value: unknown): string {
  const json = JSON.stringify(value);
  return `${digestOfBytes(json)}\n${json}`;
}

/** Writes a memo whole or not at all. Throws the system's error; whoever can do without the memo ignores it. */
export async function writeMemo(cacheDirectory: string, path: string, value: unknown): Promise<void> {
  const temporary = await temporaryName(cacheDirectory);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, encodeMemo(value));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
