import { isUtf8 } from 'node:buffer';
import { closeSync, constants, openSync, readSync } from 'node:fs';

/** No pipeline comes near it, and reading YAML takes thirty times as much memory. */
const MOST_BYTES = 4 * 2 ** 20;

/** Why the bytes of a file are no text that can be read as YAML. */
export class UnreadableText extends Error {
  override readonly name = 'UnreadableText';

  /** `Sources` and the loader are in two bundles, each with its copy of this class: the name tells, not the copy. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'UnreadableText';
  }
}

/**
 * Text of a file in UTF-8. Throws an UnreadableText for what is too large or no UTF-8, else what `readSync` throws.
 * Never reads much beyond the limit, so `/dev/zero` has an end, and waits for no writer of a pipe that has none.
 */
export function readText(path: string): string {
  const bytes = readBounded(path);
  const problem = textProblem(bytes);
  if (problem !== undefined) throw new UnreadableText(problem);
  return bytes.toString('utf8');
}

function readBounded(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(65_536);
      const read = readWaiting(file, chunk);
      if (read === 0) return Buffer.concat(chunks);
      size += read;
      chunks.push(chunk.subarray(0, read));
      if (size > MOST_BYTES)
        throw new UnreadableText(`is larger than ${MOST_BYTES / 2 ** 20} MiB, the most for a pipeline file`);
    }
  } finally {
    closeSync(file);
  }
}

/** Bytes that were read; a pipe (`<(program)`) whose writer is slow is asked again. */
function readWaiting(file: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(file, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** What keeps bytes from being text, as the end of a sentence about their file. */
function textProblem(bytes: Buffer): string | undefined {
  const other = otherEncoding(bytes);
  if (other !== undefined) return `is ${other}; save it as UTF-8`;
  if (!isUtf8(bytes)) {
    const at = firstWrong(bytes);
    const byte = bytes[at]!.toString(16).toUpperCase().padStart(2, '0');
    return `is not UTF-8: byte 0x${byte} in line ${lineOf(bytes, at)}; save it as UTF-8`;
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) return `holds a NUL byte in line ${lineOf(bytes, nul)}`;
  const control = bytes.findIndex(isControl);
  if (control >= 0) {
    const code = bytes[control]!.toString(16).toUpperCase().padStart(2, '0');
    return `holds the control character 0x${code} in line ${lineOf(bytes, control)}; remove it, or write \\x${code} in double quotes`;
  }
  const bare = bareReturn(bytes);
  return bare < 0
    ? undefined
    : `has a carriage return without a line feed in line ${lineOf(bytes, bare)}; end lines with LF or CRLF`;
}

/** What YAML allows in no file (1.2, c-printable), and nobody sees: of ASCII all but tab and line ends. */
function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) || byte === 0x7f;
}

/** YAML ends a line there, and the parser does not: nobody can see which is meant. */
function bareReturn(bytes: Buffer): number {
  let at = bytes.indexOf(0x0d);
  while (at >= 0 && bytes[at + 1] === 0x0a) at = bytes.indexOf(0x0d, at + 1);
  return at;
}

/** UTF-16 and UTF-32, with or without their mark: ASCII in them has zeros in the same places. */
function otherEncoding(bytes: Buffer): string | undefined {
  const start = bytes.subarray(0, 4).toString('hex');
  if (start === 'fffe0000' || start === '0000feff' || /^(?:..000000|000000..)$/.test(start)) return 'UTF-32';
  return /^(?:fffe|feff|(?!00)..00(?!00)..00|00(?!00)..00(?!00)..)/.test(start) ? 'UTF-16' : undefined;
}

/** Offset of the first bytes that decoding replaces by U+FFFD, whose own bytes may begin as they do. */
function firstWrong(bytes: Buffer): number {
  const decoded = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (bytes[at] === decoded[at]) at++;
  while ((decoded[at]! & 0xc0) === 0x80) at--;
  return at;
}

function lineOf(bytes: Buffer, offset: number): number {
  return bytes.subarray(0, offset).filter((byte) => byte === 0x0a).length + 1;
}
