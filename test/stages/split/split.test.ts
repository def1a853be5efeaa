import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { format } from '../../../src/stages/format/format.ts';
import { split } from '../../../src/stages/split/split.ts';
import { type InstructionRecord, readRecords, writeRecords } from '../../../src/text/records.ts';
import { bookData } from '../../book-data.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

const record = (id: number, instruction = `Question ${id}`, input = ''): InstructionRecord => ({
  id,
  instruction,
  input,
  output: 'yes',
  prompt: instruction,
  response: '\nyes',
});
const numbered = (count: number) => Array.from({ length: count }, (_, id) => record(id));

async function parts(records: readonly InstructionRecord[], settings: Record<string, unknown> = {}) {
  const path = join(freshDirectory(), 'records.jsonl');
  await writeRecords(path, records);
  const { outputs, events, digests } = await runStage(split, { with: settings, inputs: { records: path } });
  const ids = async (name: string) => (await readRecords(outputs[name]!)).map(({ id }) => id);
  return {
    train: await ids('train'),
    test: await ids('test'),
    validation: await ids('validation'),
    warnings: events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
    digests,
  };
}

describe('the split stage', () => {
  it('cuts 1,100 records into 935, 110 and 55, as the book does', async () => {
    const { train, test, validation } = await parts(numbered(1100));
    expect([train.length, test.length, validation.length]).toEqual([935, 110, 55]);
  });

  it('keeps the order of the file, and every record exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 20, max: 60 }), async (count) => {
        const { train, test, validation } = await parts(numbered(count));
        expect([...train, ...test, ...validation]).toEqual(numbered(count).map(({ id }) => id));
        expect(train).toHaveLength(Math.trunc(count * 0.85));
        expect(test).toHaveLength(Math.trunc(count * 0.1));
      }),
      { numRuns: 10 },
    );
  });

  it('takes other shares', async () => {
    const { train, test, validation } = await parts(numbered(10), { train: 0.5, test: 0.3 });
    expect([train.length, test.length, validation.length]).toEqual([5, 3, 2]);
  });

  it('gives the same bytes twice', async () => {
    expect((await parts(numbered(40))).digests).toEqual((await parts(numbered(40))).digests);
  });

  it.each([
    [5, {}, 'Of 5 records none are left for test (train: 0.85, test: 0.1).'],
    [10, { train: 0.9, test: 0.1 }, 'Of 10 records none are left for validation (train: 0.9, test: 0.1).'],
    [0, {}, 'Of 0 records none are left for train'],
  ])('refuses to leave a part empty: %i records, %j', async (count, settings, message) => {
    await expect(parts(numbered(count), settings)).rejects.toThrow(message);
  });

  it('takes numbers of records', async () => {
    const { train, test, validation } = await parts(numbered(20), { train: 15, test: 0.1 });
    expect([train.length, test.length, validation.length]).toEqual([15, 2, 3]);
    await expect(parts(numbered(20), { train: 19, test: 1 })).rejects.toThrow('none are left for validation');
  });

  it.each([-0.1, 0])('refuses the size %f', (train) => {
    expect(() => resolvedSettings(split, { train })).toThrow('settings.train');
  });
});

describe('items that are also in train', () => {
  it('are warned about whatever their case, with a first example', async () => {
    const records = numbered(20);
    records[17] = record(17, 'QUESTION 3');
    records[19] = record(19, 'question 4');
    expect((await parts(records)).warnings).toEqual([
      '1 test item also occurs in train, such as record 17: "QUESTION 3"',
      '1 validation item also occurs in train, such as record 19: "question 4"',
    ]);
  });

  it('are told apart by their input', async () => {
    const records = numbered(20);
    records[3] = record(3, 'Opposite?', 'hot');
    records[17] = record(17, 'Opposite?', 'cold');
    expect((await parts(records)).warnings).toEqual([]);
  });

  it.skipIf(bookData === undefined)("are 2 and 4 in the book's data", async () => {
    const prompt = { prompt: '{{ instruction }}', response: '{{ output }}', header: '', stop: [] };
    const data = join(bookData ?? '', 'instruction-data.json');
    const { outputs } = await runStage(format, { with: { prompt }, inputs: { data } });
    const { warnings } = await parts(await readRecords(outputs.records!));
    expect(warnings.map((warning) => warning.slice(0, 25))).toEqual([
      '2 test items also occur i',
      '4 validation items also o',
    ]);
  });
});

describe('records that are none', () => {
  it('are named by their line', async () => {
    const path = join(freshDirectory(), 'records.jsonl');
    writeFileSync(path, `${JSON.stringify(record(0))}\n{"id":1,"instruction":"a"}\n`);
    await expect(runStage(split, { inputs: { records: path } })).rejects.toThrow(
      'line 2 of the records: `input` is not a text',
    );
  });
});
