import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvRows } from '../../../src/text/data/csv-rows.ts';

interface Case {
  readonly text: string;
  readonly delimiter: string;
  /** What Python reads when it is strict. */
  readonly rows: readonly (readonly string[])[] | 'refused';
}
const cases: readonly Case[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../golden/csv-rows.json'), 'utf8'),
);

async function* inPieces(text: string, length: number) {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

async function rowsOf(text: string, delimiter: string, length: number) {
  const rows: (string | null)[][] = [];
  for await (const { fields } of csvRows(inPieces(text, length), delimiter, 'The data'))
    rows.push([...fields]);
  return rows;
}

describe('the rows of a table', () => {
  it.each([1, 2, 3, 1000])(
    "are those of Python's csv module, read %i characters at a time",
    async (length) => {
      for (const { text, delimiter, rows } of cases) {
        const read = rowsOf(text, delimiter, length);
        if (rows === 'refused') {
          await expect(read, JSON.stringify(text)).rejects.toThrow(/is never closed|goes on after it/);
        } else {
          const texts = (await read).map((fields) => fields.map((field) => field ?? ''));
          expect(texts, JSON.stringify(text)).toEqual(rows);
        }
      }
    },
  );

  it('tell an empty text from nothing', async () => {
    expect(await rowsOf('a,"",\n', ',', 10)).toEqual([['a', '', null]]);
  });

  it('know the line that they begin in, whatever is in the fields', async () => {
    const lines: number[] = [];
    for await (const { line } of csvRows(inPieces('a\r\n"b\r\n\n"\rc\n\nd', 2), ',', 'The data'))
      lines.push(line);
    expect(lines).toEqual([1, 2, 5, 7]);
  });

  it('name the line of a field that goes on after its quote is closed', async () => {
    await expect(rowsOf('a\nb\n"c\nd" e\nf', ',', 3)).rejects.toThrow(
      'The field that a quote closes in line 4 of the data goes on after it.',
    );
  });

  it('name the line of a quote that is never closed', async () => {
    await expect(rowsOf('a\nb\n"c\nd\ne', ',', 3)).rejects.toThrow(
      'The quote in line 3 of the data is never closed.',
    );
  });
});
