import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecords, writeRecords } from '../../src/text/records.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-records-'));
  path = join(directory, 'records.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('records', () => {
  it('come back as they were written, whatever text they hold', async () => {
    const text = fc.string({ unit: 'binary' });
    const record = fc.record(
      {
        id: fc.nat(),
        instruction: text,
        input: text,
        output: text,
        prompt: text,
        response: text,
        rejected: text,
      },
      {
        noNullPrototype: true,
        requiredKeys: ['id', 'instruction', 'input', 'output', 'prompt', 'response'],
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(record), async (records) => {
        await writeRecords(path, records);
        expect(await readRecords(path)).toEqual(records);
      }),
      { numRuns: 50 },
    );
  });

  // U+2028 is a line end to some readers, but not in JSON Lines.
  it('may hold line separators', async () => {
    const record = {
      id: 0,
      instruction: 'a\u2028b',
      input: 'c\nd',
      output: '\u2029',
      prompt: '\u0085',
      response: '\r',
    };
    await writeRecords(path, [record]);
    expect(await readRecords(path)).toEqual([record]);
  });

  it.each([
    ['oops', /^line 1 of the records is not JSON: /],
    ['[]', 'line 1 of the records is not a JSON object'],
    ['{"id":"0"}', 'line 1 of the records: `id` is not an integer'],
    ['{"id":0,"instruction":"a","input":null}', 'line 1 of the records: `input` is not a text'],
  ])('%s is told by its line', async (line, message) => {
    writeFileSync(path, `${line}\n`);
    await expect(readRecords(path)).rejects.toThrow(message);
  });
});
