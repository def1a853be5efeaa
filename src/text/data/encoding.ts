import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { StageError } from '../../contract/stage-context.ts';
import type { DataSource } from './data-source.ts';
import { encodingOf } from './encoding-label.ts';
import { fromWindows1252 } from './windows-1252.ts';

const UTF_8 = 'utf-8';
const REPLACEMENT = '\uFFFD';
const REPLACEMENT_BYTES = 'efbfbd';

/**
 * The text of a file in pieces, without its byte order mark. Never guesses and never replaces: throws StageError with the
 * place of the first bytes that are not text in the file's encoding.
 */
export async function* textOf(source: DataSource): AsyncGenerator<string> {
  const encoding = encodingOf(source.encoding ?? UTF_8) ?? UTF_8;
  const decode = decoderOf(encoding);
  try {
    for await (const chunk of createReadStream(source.path)) yield decode(chunk);
    yield decode(undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    throw encoding === UTF_8 ? await notUtf8(source) : notText(source, encoding);
  }
}

/** Gives the text of one chunk after the other; undefined stands for the end. */
function decoderOf(encoding: string): (chunk: Uint8Array | undefined) => string {
  if (encoding === 'windows-1252') return (chunk) => (chunk ? fromWindows1252(chunk) : '');
  const decoder = new TextDecoder(encoding, { fatal: true });
  return (chunk) => (chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode());
}

function notText({ name }: DataSource, encoding: string): StageError {
  return new StageError(`${name} is not text in ${encoding}.`, {
    hint: 'Give the encoding that it was saved in as `encoding`.',
  });
}

async function notUtf8(source: DataSource): Promise<StageError> {
  const { name } = source;
  const bad = await firstBadByte(source.path);
  if (bad === undefined) return new StageError(`${name} is not text in UTF-8.`);
  const byte = `0x${bad.byte.toString(16).toUpperCase().padStart(2, '0')}`;
  const where = `${name} is not text in UTF-8: line ${bad.line} has the byte ${byte} (byte ${bad.offset} of the file)`;
  if (bad.isCut) {
    return new StageError(`${where}, where a character begins that the file ends in.`, {
      hint: 'The file seems to be cut off. Get it again.',
    });
  }
  const character = JSON.stringify(fromWindows1252(Uint8Array.of(bad.byte)));
  return new StageError(`${where}, which would be ${character} in Windows-1252.`, {
    hint: encodingHint(source, 'windows-1252'),
  });
}

/** What to do about a file in that encoding. */
export function encodingHint({ hasSettings }: DataSource, encoding: string): string {
  const convert = `onvert the file: iconv -f ${encoding.toUpperCase()} -t UTF-8 FILE > CONVERTED`;
  return hasSettings ? `Set \`encoding: ${encoding}\`, or c${convert}` : `C${convert}`;
}

interface BadByte {
  readonly byte: number;
  /** Place in the file, from 0. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
  /** The file ends within the character that begins here. */
  readonly isCut: boolean;
}

/** Where a file first is no UTF-8: where a decoder writes U+FFFD although the file does not have that character. */
async function firstBadByte(path: string): Promise<BadByte | undefined> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const file = await open(path);
  let offset = 0;
  let line = 1;
  try {
    for await (const chunk of createReadStream(path)) {
      const found = await inText(decoder.decode(chunk, { stream: true }));
      if (found) return { ...found, isCut: false };
    }
    const found = await inText(decoder.decode());
    // A single byte at the end is rather a letter of another encoding than the beginning of a long one.
    return found && { ...found, isCut: offset + 1 < (await file.stat()).size };
  } finally {
    await file.close();
  }

  /** Until the first bad byte, text takes as many bytes as the file has. */
  async function inText(text: string): Promise<Omit<BadByte, 'isCut'> | undefined> {
    for (const part of text.split(/(?=\uFFFD)/)) {
      if (part.startsWith(REPLACEMENT)) {
        const { buffer } = await file.read({ buffer: Buffer.alloc(3), position: offset });
        if (buffer.toString('hex') !== REPLACEMENT_BYTES) return { byte: buffer[0]!, offset, line };
      }
      offset += Buffer.byteLength(part);
      line += part.split('\n').length - 1;
    }
    return undefined;
  }
}
