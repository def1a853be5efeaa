import { createHash } from 'node:crypto';

/** Bytes of a name that every file system takes, with room for a digest and what callers append. */
const BYTES = 150;
/** Bytes of a name beyond which no file system in use takes it (NAME_MAX). */
export const MOST_BYTES = 255;

/**
 * `encoded` as the name of a file: itself up to `most` bytes in UTF-8, else its beginning and a digest of `name`, the
 * text that it stands for. A limit counts bytes because file systems do: 120 Chinese characters are 360 bytes.
 */
export function fittingFileName(name: string, encoded: string, most = BYTES): string {
  return Buffer.byteLength(encoded) <= most ? encoded : digestedFileName(name, encoded);
}

/** The beginning of `encoded`, at most 150 bytes of it, and 16 hexadecimal digits of the sha256 of `name`. */
export function digestedFileName(name: string, encoded: string): string {
  // Bytes of a character that was cut in two are decoded to one or more U+FFFD.
  const beginning = Buffer.from(encoded)
    .subarray(0, BYTES)
    .toString()
    .replace(/\uFFFD+$/, '');
  return `${beginning}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

/** What two names share when some file system (macOS, Windows) takes them for the same. */
export function foldName(name: string): string {
  // Upper case first: it joins letters that have several lower-case forms, such as the final sigma.
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}
