import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { format } from '../../../src/stages/format/format.ts';
import { readRecords } from '../../../src/text/records.ts';
import { bookData } from '../../book-data.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

const prompt = parse(readFileSync(join(import.meta.dirname, '../../../configs/prompts/plain.yaml'), 'utf8'));

function formatted(data: string) {
  const path = join(freshDirectory(), 'data.json');
  writeFileSync(path, data);
  return runStage(format, { with: { prompt }, inputs: { data: path } });
}

const expected = [
  {
    id: 0,
    instruction: 'Opposite?',
    input: 'hot',
    output: 'cold',
    prompt: 'Opposite?\nhot\n',
    response: '=> cold',
  },
  {
    id: 1,
    instruction: 'Name a colour.',
    input: '',
    output: 'red',
    prompt: 'Name a colour.\n',
    response: '=> red',
  },
];

describe('the format stage', () => {
  it.each([
    [
      'a JSON array',
      JSON.stringify(expected.map(({ instruction, input, output }) => ({ instruction, input, output }))),
    ],
    ['a JSON array with a byte order mark', `\uFEFF${JSON.stringify(expected)}`],
    [
      'JSON Lines',
      '{"instruction":"Opposite?","input":"hot","output":"cold"}\r\n\n{"instruction":"Name a colour.","output":"red"}\n',
    ],
  ])('reads %s', async (_, data) => {
    const { outputs } = await formatted(data);
    expect(await readRecords(outputs.records!)).toEqual(expected);
  });

  it('renders both answers of a preference pair, the chosen one as the response', async () => {
    const pair = { instruction: 'Opposite?', input: 'hot', chosen: 'cold', rejected: 'cool' };
    const expectedPair = { ...expected[0], rejected: '=> cool' };
    for (const item of [pair, { ...pair, output: 'Cold.' }]) {
      const { outputs } = await formatted(JSON.stringify([item]));
      expect(await readRecords(outputs.records!)).toEqual([expectedPair]);
    }
  });

  it('gives the same bytes twice', async () => {
    const data = JSON.stringify(expected);
    expect((await formatted(data)).digests).toEqual((await formatted(data)).digests);
  });

  it.skipIf(bookData === undefined)("formats the book's 1,100 records", async () => {
    const { outputs } = await formatted(readFileSync(join(bookData ?? '', 'instruction-data.json'), 'utf8'));
    const records = await readRecords(outputs.records!);
    expect(records).toHaveLength(1100);
    expect(records.filter(({ input }) => input === '')).toHaveLength(775);
  });
});

describe('data that is wrong', () => {
  it.each([
    ['[]', 'The data holds no items.'],
    ['[{"instruction":"a","output":"b"},{"instruction":"a"}]', 'item 1 has no "output"'],
    ['[{"instruction":7,"output":null}]', '"instruction" of item 0 is not a text.'],
    ['[{"instruction":"a","input":["x"],"output":"b"}]', '"input" of item 0 is not a text'],
    ['[{"instruction":"a","output":"b","chosen":"c"}]', 'item 0 has no "rejected"'],
    ['[{"instruction":"a","output":"b","rejected":"c"}]', 'item 0 has no "chosen"'],
    ['["text"]', 'item 0 is not an object'],
    ['[{},{},{},{},{},{},{},{}]', 'item 4 has no "instruction"; and 3 more.'],
    ['[{"instruction":', /^The data is not JSON: /],
    ['{"instruction":"a","output":"b"}\n{oops}', /^Line 2 of the data is not JSON: /],
  ])('%s', async (data, message) => {
    await expect(formatted(data)).rejects.toThrow(message);
  });
});
