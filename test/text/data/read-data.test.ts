import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from '../../../src/text/data/data-source.ts';
import { readData } from '../../../src/text/data/read-data.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-data-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(content: string | Uint8Array, more: Partial<DataSource> = {}) {
  const path = join(folder, 'data');
  writeFileSync(path, content);
  const { form, items } = await readData({ path, name: 'The data', hasSettings: true, ...more });
  const values: unknown[] = [];
  const lines: (number | undefined)[] = [];
  for await (const { value, line } of items) {
    values.push(value);
    lines.push(line);
  }
  return { form, values, lines };
}

const A = { text: 'one' };
const B = { text: 'two' };

describe('the form of data', () => {
  it.each([
    ['an array', '[{"text":"one"},{"text":"two"}]', 'JSON', [A, B]],
    ['an array over several lines', '\n[\n {"text":"one"},\n {"text":"two"}\n]\n', 'JSON', [A, B]],
    ['an object a line', '{"text":"one"}\n{"text":"two"}\n', 'JSON Lines', [A, B]],
    [
      'lines with Windows ends and empty ones',
      '\r\n{"text":"one"}\r\n\r\n{"text":"two"}',
      'JSON Lines',
      [A, B],
    ],
    ['a single object', '{"text":"one"}\n\n', 'JSON', [A]],
    ['an array in an object', '{"version": 2, "data": [{"text":"one"},{"text":"two"}]}', 'JSON', [A, B]],
    ['an array deep in an object', '{"a": {"b": {"c": [{"text":"one"}]}}, "n": [1]}', 'JSON', [A]],
    ['columns of lists', '{"text": ["one", "two"]}', 'JSON', [A, B]],
    ['columns with an index', '{"text": {"0": "one", "7": "two"}}', 'JSON', [A, B]],
    [
      'a conversation, which is no array of records',
      '{"messages":[{"role":"user","content":"a"}]}',
      'JSON',
      [{ messages: [{ role: 'user', content: 'a' }] }],
    ],
    ['a table', 'text\none\ntwo\n', 'CSV', [A, B]],
    ['a table with a mark', '\uFEFFtext,n\none,"1"\n', 'CSV', [{ text: 'one', n: '1' }]],
    ['a table with tabs', 'text\tn\none\t\n', 'CSV', [{ text: 'one', n: null }]],
    [
      'a table whose header holds a semicolon in quotes',
      'text,"a;b;c"\none,2\n',
      'CSV',
      [{ text: 'one', 'a;b;c': '2' }],
    ],
    ['nothing', '', 'CSV', []],
  ])('is known by its content: %s', async (_, content, form, values) => {
    expect(await read(content)).toMatchObject({ form, values });
  });

  it('has lines, which items know', async () => {
    expect((await read('{"a":1}\n\n{"a":2}\n{"a":3}')).lines).toEqual([1, 3, 4]);
    expect((await read('a\n"1\n1"\n2\n')).lines).toEqual([2, 4]);
  });

  it('is the same for an array, lines and a table of any texts', async () => {
    const text = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed().replaceAll('\0', '0'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ a: text, b: text }, { noNullPrototype: true }), { minLength: 2 }),
        async (items) => {
          const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
          const forms = [
            JSON.stringify(items, null, 2),
            items.map((item) => `${JSON.stringify(item)}\n`).join(''),
            `a,b\n${items.map(({ a, b }) => `${quoted(a)},${quoted(b)}\r\n`).join('')}`,
          ];
          for (const form of forms) expect((await read(form)).values).toEqual(items);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('may be named where an object has several arrays', async () => {
    const content = '{"train": [{"text":"one"}], "test": [{"text":"two"}]}';
    await expect(read(content)).rejects.toMatchObject({
      message: 'The data is one JSON object with several arrays of objects: train, test.',
      hint: 'Say which has the records: `records: train`.',
    });
    expect((await read(content, { records: 'test' })).values).toEqual([B]);
    await expect(read(content, { records: 'dev' })).rejects.toThrow('has no array at `records: dev`');
  });
});

describe('an encoding', () => {
  it.each([
    ['utf-16le', Buffer.from('\uFEFF{"text":"né"}\n{"text":"🦆"}', 'utf16le'), ['né', '🦆']],
    ['windows-1252', Buffer.from([...Buffer.from('text\n'), 0x80, 0x93, 0xe9, 0x94, 0x0a]), ['€“é”']],
    ['latin1', Buffer.from('text\nné\n', 'latin1'), ['né']],
    ['shift_jis', Buffer.from([...Buffer.from('text\n'), 0x93, 0xfa, 0x96, 0x7b]), ['日本']],
  ])('%s is read where it is named', async (encoding, content, texts) => {
    expect((await read(content, { encoding })).values).toEqual(texts.map((text) => ({ text })));
  });

  it.each([
    [
      'Windows-1252',
      Buffer.from('a\nb\nné', 'latin1'),
      'line 3 has the byte 0xE9 (byte 5 of the file), which would be "é" in Windows-1252.',
      'encoding: windows-1252',
    ],
    [
      'UTF-16 with a mark',
      Buffer.from('\uFEFF[]', 'utf16le'),
      'is text in UTF-16 from its first byte on',
      'encoding: utf-16le',
    ],
    [
      'UTF-16 without a mark',
      Buffer.from('[{"a":"b"}]', 'utf16le').swap16(),
      'is text in UTF-16',
      'encoding: utf-16be',
    ],
    [
      'a cut character',
      Buffer.from('text\none 🦆').subarray(0, -1),
      'line 2 has the byte 0xF0 (byte 9 of the file), where a character begins',
      'cut off',
    ],
    [
      'a surrogate',
      Buffer.from([0x61, 0x0a, 0xed, 0xa0, 0x80]),
      'line 2 has the byte 0xED (byte 2 of the file)',
      'encoding',
    ],
  ])('other than UTF-8 is never guessed: %s', async (_, content, message, hint) => {
    await expect(read(content)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });

  it('has its bad byte found wherever it is', async () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 40 })
      .map((text) => text.toWellFormed().replaceAll('\0', '0'));
    await fc.assert(
      fc.asyncProperty(text, text, fc.nat(200_000), async (before, after, filler) => {
        const start = Buffer.from(`text\n${'x'.repeat(filler)}${before}`);
        const line = start.toString().split('\n').length;
        const content = Buffer.concat([start, Buffer.of(0xff), Buffer.from(after)]);
        await expect(read(content)).rejects.toThrow(
          `line ${line} has the byte 0xFF (byte ${start.length} of the file)`,
        );
      }),
      { numRuns: 50 },
    );
  });

  it('keeps a replacement character that the file has', async () => {
    expect((await read('text\na\uFFFDb\n')).values).toEqual([{ text: 'a\uFFFDb' }]);
  });
});

describe('what is no data', () => {
  it.each([
    ['a gzip file', gzipSync('[]'), 'packed with gzip'],
    ['a ZIP archive', Buffer.from('504b030414000000', 'hex'), 'a ZIP archive or an Excel workbook'],
    ['a web page', '\n<!DOCTYPE html>\n<html lang="en"><title>Sign in</title></html>', 'a web page'],
    [
      'a pointer of Git LFS',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n',
      'a pointer of Git LFS',
    ],
    [
      'bytes',
      Buffer.from([0x01, 0x02, 0x00, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41]),
      'is not text: byte 2 of the file is zero',
    ],
    ['a damaged Parquet file', 'PAR1 and then nothing', 'is a Parquet file that cannot be read'],
  ])('is named: %s', async (_, content, message) => {
    // No control characters of the file may get into a terminal.
    const error: Error = await read(content).then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^[^\p{Cc}]+$/u);
  });

  it.each([
    ['[{"a": 1},\n {"a": NaN}]', 'The data is not JSON: line 2, column 8: NaN is not JSON.', 'df.notna()'],
    ['{"a": 1}\n{"a": NaN}\n', 'Line 2 of the data is not JSON: NaN is not JSON, at column 7.', 'null'],
    ['{"a": 1}\n{"a": 1\n', 'Line 2 of the data is not JSON: it ends too early', 'whole JSON object'],
    ['a,b\n1,2\n1,2,3\n', 'Line 3 of the data has 3 fields, but the header has 2: a, b.', 'double quotes'],
    ['a,b\n1\n', 'Line 2 of the data has 1 fields', 'double quotes'],
    ['a,a\n1,2\n', 'The data has two columns called "a".', 'name of its own'],
    ['a\n"1\n', 'The quote in line 2 of the data is never closed.', 'twice'],
  ])('%j has its place named', async (content, message, hint) => {
    await expect(read(content)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });
});

describe('a Parquet file', () => {
  const golden = (name: string) => readFileSync(join(import.meta.dirname, '../../golden/data', name));

  it.each(['snappy', 'zstd', 'gzip', 'brotli', 'none'])('packed with %s is read', async (packing) => {
    const expected: unknown[] = JSON.parse(golden('array.json').toString()).slice(0, 40);
    expect(await read(golden(`${packing}.parquet`))).toMatchObject({ form: 'Parquet', values: expected });
  });

  it('has lists, structs and missing values', async () => {
    const { values } = await read(golden('renamed.parquet'));
    expect(values).toEqual((await read(golden('renamed.jsonl'))).values);
    expect(values).toContainEqual(expect.objectContaining({ context: null, meta: { source: 'made up' } }));
    expect((await read(golden('messages.parquet'))).values).toEqual(
      (await read(golden('messages.jsonl'))).values,
    );
  });
});
