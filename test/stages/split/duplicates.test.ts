import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { duplicates } from '../../../src/stages/split/duplicates.ts';
import { bookData } from '../../book-data.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

interface Item {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
}

const ITEMS: readonly Item[] = [
  { instruction: 'Name the capital of Peru.', input: '', output: 'Lima' },
  { instruction: 'Turn it into a question.', input: 'He runs fast.', output: 'Does he run fast?' },
  { instruction: 'name the capital of PERU', input: '', output: 'Lima.' },
  { instruction: 'Turn it into a question.', input: 'Birds sing.', output: 'Do birds sing?' },
];

async function reportOn(items: readonly Item[], settings: Record<string, unknown> = {}) {
  const records = items.map((item, id) => ({ id, ...item, prompt: '', response: '' }));
  const path = join(freshDirectory(), 'records.jsonl');
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const run = await runStage(duplicates, { with: settings, inputs: { records: path } });
  return { ...run, report: JSON.parse(readFileSync(run.outputs.report!, 'utf8')) };
}

const idsOf = (pairs: readonly { first: { id: number }; second: { id: number } }[]) =>
  pairs.map(({ first, second }) => [first.id, second.id]);

describe('duplicates', () => {
  it('reports questions of the same words as entirely alike', async () => {
    const { report, events } = await reportOn(ITEMS);
    expect(report).toEqual({
      field: 'question',
      threshold: 0.8,
      records: 4,
      pairs: [
        {
          similarity: 1,
          first: { id: 0, text: 'Name the capital of Peru.' },
          second: { id: 2, text: 'name the capital of PERU' },
        },
      ],
    });
    expect(events).toContainEqual({
      type: 'log',
      message: 'pairs with a similarity of 0.8 or more among 4 records: 1',
    });
  });

  it('compares one field, most alike first, and leaves out records without it', async () => {
    const instructions = await reportOn(ITEMS, { field: 'instruction', threshold: 1 });
    expect(idsOf(instructions.report.pairs)).toEqual([
      [0, 2],
      [1, 3],
    ]);
    const inputs = await reportOn(ITEMS, { field: 'input', threshold: 0.01 });
    expect(inputs.report).toMatchObject({ records: 2, pairs: [] });
  });

  it('is written as JSON.stringify writes it', async () => {
    const odd = { instruction: 'Name \u2028 the "capital" [\n    0\n of Peru.', input: '', output: '' };
    for (const items of [[odd, odd, odd], ITEMS, [odd]]) {
      const { outputs, report } = await reportOn(items);
      expect(readFileSync(outputs.report!, 'utf8')).toBe(`${JSON.stringify(report, null, 2)}\n`);
    }
  });

  it('counts the pairs of thousands of equal texts, and lists a million', async () => {
    const equal = {
      instruction: 'Name the capital of Peru.',
      input: '',
      output: 'Lima',
    };
    const records = Array.from({ length: 4000 }, (_, id) => ({ id, ...equal, prompt: '', response: '' }));
    const path = join(freshDirectory(), 'records.jsonl');
    writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const { outputs, events } = await runStage(duplicates, { inputs: { records: path } });
    expect(events).toContainEqual({
      type: 'warning',
      message: 'The report lists the 1000000 most similar pairs of 7998000.',
      hint: expect.stringContaining('`threshold`'),
      of_result: true,
    });
    const begin = Buffer.alloc(400);
    const file = openSync(outputs.report!, 'r');
    readSync(file, begin);
    closeSync(file);
    expect(begin.toString()).toMatch(/"records": 4000,\n {2}"pairs_left_out": 6998000,\n {2}"pairs": \[\n/);
  }, 120_000);

  it('gives the same bytes each time', async () => {
    expect((await reportOn(ITEMS)).digests).toEqual((await reportOn(ITEMS)).digests);
  });

  it.skipIf(bookData === undefined)('finds in the records of the book what scikit-learn finds', async () => {
    const items: Item[] = JSON.parse(readFileSync(join(bookData ?? '', 'instruction-data.json'), 'utf8'));
    const golden: { book: { threshold: number; pairs: [number, number, number][] } } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../golden/near-duplicates.json'), 'utf8'),
    );
    const { report } = await reportOn(items, { threshold: golden.book.threshold });
    const found = report.pairs
      .map((pair: { similarity: number }, i: number) => [...idsOf(report.pairs)[i]!, pair.similarity])
      .sort(([a, b]: number[], [c, d]: number[]) => a! - c! || b! - d!);
    expect(found).toEqual(golden.book.pairs.map(([a, b, cosine]) => [a, b, expect.closeTo(cosine, 5)]));
    expect(found).toHaveLength(137);
  });
});
