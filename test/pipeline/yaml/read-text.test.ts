import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readText } from '../../../src/pipeline/yaml/read-text.ts';
import { folderWith } from '../fixture.ts';

function textOf(bytes: Uint8Array): string {
  const path = join(folderWith({}), 'file');
  writeFileSync(path, bytes);
  return readText(path);
}

describe('readText', () => {
  it.each<[string, number[], RegExp]>([
    ['a Latin-1 letter', [0x61, 0x0a, 0xe9, 0x61], /byte 0xE9 in line 2/],
    ['a character that is cut', [0x61, 0x0a, 0xef], /byte 0xEF in line 2/],
    ['two bytes of a character that is cut', [0x0a, 0xef, 0xbf], /byte 0xEF in line 2/],
    ['a byte that begins as the replacement character does', [0xef, 0x0a, 0x0a], /byte 0xEF in line 1/],
    [
      'a wrong byte after a real replacement character',
      [0xef, 0xbf, 0xbd, 0x0a, 0x80],
      /byte 0x80 in line 2/,
    ],
  ])('names the byte of %s', (_, bytes, message) => {
    expect(() => textOf(Uint8Array.from(bytes))).toThrow(message);
  });

  it('names the line of a control character, which nobody sees', () => {
    expect(() => textOf(Buffer.from('a: 1\nb: x\x0ey\n'))).toThrow(
      'holds the control character 0x0E in line 2; remove it, or write \\x0E in double quotes',
    );
    expect(() => textOf(Buffer.from('\x7f'))).toThrow('holds the control character 0x7F in line 1');
    expect(textOf(Buffer.from('a:\tb\r\n'))).toBe('a:\tb\r\n');
  });

  it('names the line of a carriage return alone, which ends a line in YAML and not for its parser', () => {
    expect(() => textOf(Buffer.from('a: 1\r\nb: |\r\n  x\ry\r\n'))).toThrow(
      'has a carriage return without a line feed in line 3; end lines with LF or CRLF',
    );
  });

  it('gives every text in UTF-8 as it is, and refuses all other bytes in words', () => {
    const decode = (bytes: Uint8Array) =>
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const byte = fc.oneof(
      fc.constantFrom(0xef, 0xbf, 0xbd, 0xe9, 0x0a, 0x0d, 0x61, 0xf0, 0x80),
      fc.integer({ min: 1, max: 255 }),
    );
    const check = (bytes: number[]) => {
      let text: string | undefined;
      let message = '';
      try {
        text = textOf(Uint8Array.from(bytes));
      } catch (error) {
        message = (error as Error).message;
      }
      if (text === undefined)
        expect(message).toMatch(
          /^(?:is (?:not UTF-8: byte 0x[0-9A-F]{2} in line \d+|UTF-(?:16|32))|has a carriage return without a line feed in line \d+|holds the control character 0x[0-9A-F]{2} in line \d+);/,
        );
      else {
        expect(text).toBe(decode(Uint8Array.from(bytes)));
        expect(text).not.toMatch(/\r(?!\n)/);
      }
    };
    fc.assert(fc.property(fc.array(byte, { maxLength: 12 }), check), { numRuns: 300 });
  });
});
