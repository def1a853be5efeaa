import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { assign, type Parts, sizesOf } from '../../../src/stages/split/assign.ts';
import { PARTS, stratumSizes } from '../../../src/stages/split/parts.ts';
import { split } from '../../../src/stages/split/split.ts';
import { type InstructionRecord, readRecords, writeRecords } from '../../../src/text/records.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

/** torch.manual_seed(123); torch.randperm(20) */
const PERMUTATION_123 = [2, 9, 14, 15, 16, 7, 8, 5, 19, 0, 11, 18, 10, 17, 12, 6, 1, 13, 3, 4];

type Fields = Readonly<Record<string, string | number>>;
const record = (id: number, fields: Fields = {}): InstructionRecord => ({
  id,
  instruction: `Question ${id}`,
  input: '',
  output: 'yes',
  prompt: `Question ${id}`,
  response: 'yes',
  ...fields,
});

async function written(records: readonly InstructionRecord[]): Promise<string> {
  const path = join(freshDirectory(), 'records.jsonl');
  await writeRecords(path, records);
  return path;
}

async function cut(
  records: readonly InstructionRecord[],
  settings: object = {},
  test?: readonly InstructionRecord[],
) {
  const inputs = { records: await written(records), ...(test && { test: await written(test) }) };
  const run = await runStage(split, { with: { ...settings }, inputs });
  const part = (name: string) => readRecords(run.outputs[name]!);
  return {
    train: await part('train'),
    test: await part('test'),
    validation: await part('validation'),
    digests: run.digests,
    warnings: run.events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
  };
}
/** The same without files. */
function assigned(records: readonly InstructionRecord[], given: object): Promise<Parts> {
  const settings = resolvedSettings(split, { ...given });
  const work = { signal: new AbortController().signal, progress: () => {} };
  return assign(records, settings, sizesOf(records.length, settings, false), work);
}

const ids = (records: readonly InstructionRecord[]) => records.map(({ id }) => id);

/** Records of some kinds, in the order of the file. */
const kinds = fc
  .array(fc.constantFrom('a', 'a', 'a', 'b', 'c'), { minLength: 30, maxLength: 90 })
  .map((all) => all.map((kind, id) => record(id, { kind, author: `${kind}${id % 7}` })));
const settings = fc.record(
  {
    order: fc.constantFrom('file', 'shuffled'),
    stratify: fc.constant('kind'),
    group: fc.constantFrom('author', 'similar'),
    train: fc.constantFrom(0.5, 0.7, 12),
  },
  { requiredKeys: ['order'], noNullPrototype: true },
);

describe('however records are cut', () => {
  it('every record is in exactly one part, and the same settings give the same', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, settings, async (records, settings) => {
        const parts = await assigned(records, settings);
        const all = PARTS.flatMap((name) => ids(parts[name]));
        expect(all.toSorted((a, b) => a - b)).toEqual(ids(records));
        expect(await assigned(records, settings)).toEqual(parts);
      }),
    );
  });

  it('no value of a group is on two sides', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, fc.constantFrom('file', 'shuffled'), async (records, order) => {
        const result = await assigned(records, { order, group: 'author', train: 0.5, test: 0.25 });
        const sides = new Map<unknown, string>();
        for (const name of PARTS) {
          for (const { author } of result[name]) {
            expect(sides.get(author) ?? name).toBe(name);
            sides.set(author, name);
          }
        }
      }),
    );
  });

  it('each stratum has its shares, to within one record', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, fc.constantFrom('file', 'shuffled'), async (records, order) => {
        const result = await assigned(records, { order, stratify: 'kind', train: 0.6, test: 0.2 });
        for (const kind of ['a', 'b', 'c']) {
          const share = records.filter((record) => record.kind === kind).length / records.length;
          const sizes = { train: Math.trunc(records.length * 0.6), test: Math.trunc(records.length * 0.2) };
          for (const name of ['train', 'test'] as const) {
            const count = result[name].filter((record) => record.kind === kind).length;
            expect(Math.abs(count - sizes[name] * share)).toBeLessThan(1);
          }
        }
      }),
    );
  });

  it('the strata add up to the sizes of the parts, to within one record a part', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0.05, max: 0.6, noNaN: true }),
        fc.double({ min: 0.05, max: 0.3, noNaN: true }),
        (counts, train, test) => {
          const total = counts.reduce((sum, count) => sum + count, 0);
          const sizes = { train: Math.trunc(total * train), test: Math.trunc(total * test), validation: 0 };
          sizes.validation = total - sizes.train - sizes.test;
          const strata = stratumSizes(counts, sizes);
          for (const [place, own] of strata.entries()) {
            expect(own.train + own.test + own.validation).toBe(counts[place]);
            expect(Math.min(own.train, own.test, own.validation)).toBeGreaterThanOrEqual(0);
          }
          for (const part of PARTS) {
            const sum = strata.reduce((sum, own) => sum + own[part], 0);
            expect(Math.abs(sum - sizes[part])).toBeLessThanOrEqual(1);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the order `shuffled`', () => {
  const records = Array.from({ length: 20 }, (_, id) => record(id));

  it('is that of torch.randperm, by seed', async () => {
    const { train, test, validation } = await cut(records, { order: 'shuffled' });
    const all = [...ids(train), ...ids(test), ...ids(validation)];
    expect(all).toEqual(PERMUTATION_123);
    const other = await cut(records, { order: 'shuffled', seed: 7 });
    expect(ids(other.train)).not.toEqual(ids(train));
  });

  it('has a seed, which the order of the file cannot have', async () => {
    const given = { train: 0.85, test: 0.1, seed: 1 };
    const paths = async (order: 'file' | 'shuffled', train = 0.85) =>
      (await split.checkSettings!({ ...given, order, train })).map(({ path }) => path);
    expect(await paths('file')).toEqual([['seed']]);
    expect(await paths('shuffled')).toEqual([]);
    expect(await paths('shuffled', 1.5)).toEqual([['train']]);
    expect(await paths('shuffled', 85)).toEqual([]);
  });
});

describe('records that stay together', () => {
  it('are those with almost the same question, or the same prompt', async () => {
    const words = 'which of these planets is the largest one in our solar system'.split(' ');
    const records = Array.from({ length: 40 }, (_, id) =>
      record(id, { instruction: `topic${id} alpha${id}`, prompt: `p${id}` }),
    );
    records[2] = record(2, { instruction: words.join(' '), prompt: 'a' });
    records[38] = record(38, { instruction: words.toReversed().join(' '), prompt: 'b' });
    records[3] = record(3, { instruction: 'one', prompt: 'equal' });
    records[37] = record(37, { instruction: 'two', prompt: 'equal' });
    const sideOf = async (settings: object) => {
      const result = await cut(records, { train: 0.5, test: 0.25, ...settings });
      return (id: number) => PARTS.find((name) => ids(result[name]).includes(id));
    };
    const plain = await sideOf({});
    expect([plain(2) === plain(38), plain(3) === plain(37)]).toEqual([false, false]);
    const grouped = await sideOf({ group: 'similar' });
    expect([grouped(2) === grouped(38), grouped(3) === grouped(37)]).toEqual([true, true]);
  });

  it('are those of a conversation, without being asked', async () => {
    const records = Array.from({ length: 30 }, (_, id) => record(id, { conversation: id % 15 }));
    const { train, test, validation } = await cut(records, { train: 0.6, test: 0.2 });
    expect([train.length, test.length, validation.length]).toEqual([18, 6, 6]);
    for (const part of [train, test, validation])
      for (const { conversation } of part)
        expect(part.filter((record) => record.conversation === conversation)).toHaveLength(2);
  });

  it('go to train where they are too large for the other parts', async () => {
    const records = Array.from({ length: 20 }, (_, id) => record(id, { author: id < 12 ? `${id}` : 'many' }));
    const { train, test, validation } = await cut(records, { train: 0.7, test: 0.15, group: 'author' });
    expect(ids(train)).toEqual([0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect([test.length, validation.length]).toEqual([3, 3]);
  });

  it('must leave something for every part', async () => {
    const records = Array.from({ length: 10 }, (_, id) => record(id, { author: 'one' }));
    await expect(cut(records, { train: 0.5, test: 0.2, group: 'author' })).rejects.toThrow(
      'No records are left for test: groups that stay together are too large.',
    );
  });
});

describe('a test file of its own', () => {
  it('is the test part, and the others are cut into train and validation', async () => {
    const tests = [record(100), record(101)];
    const { train, test, validation } = await cut(
      Array.from({ length: 10 }, (_, id) => record(id)),
      { train: 0.8 },
      tests,
    );
    expect([ids(train).length, ids(test), ids(validation)]).toEqual([8, [100, 101], [8, 9]]);
  });

  it('is compared with train', async () => {
    const records = Array.from({ length: 10 }, (_, id) => record(id));
    expect((await cut(records, {}, [record(3), record(50)])).warnings).toEqual([
      '1 test item also occurs in train, such as record 3: "Question 3"',
    ]);
  });
});

describe('a part of one kind only', () => {
  const sorted = ['maths', 'poetry', 'cooking'].flatMap((topic, group) =>
    Array.from({ length: 10 }, (_, i) => record(10 * group + i, { topic })),
  );

  it('is warned about, and gone when the records are shuffled or stratified', async () => {
    const shares = { train: 0.6, test: 0.2 };
    expect((await cut(sorted, shares)).warnings).toEqual([
      'All 6 validation records have the topic "cooking"',
    ]);
    expect((await cut(sorted, { ...shares, stratify: 'topic' })).warnings).toEqual([]);
    expect((await cut(sorted, { ...shares, order: 'shuffled' })).warnings).toEqual([]);
  });

  it('is none where all are of one kind', async () => {
    const same = sorted.map((record) => ({ ...record, topic: 'maths' }));
    expect((await cut(same)).warnings).toEqual([]);
  });

  it.each(['stratify', 'group'])('needs a field that records have: %s', async (setting) => {
    await expect(cut(sorted, { [setting]: 'subject' })).rejects.toMatchObject({
      message: `No record has the field "subject" of \`${setting}\`.`,
      hint: expect.stringContaining('keep: [subject]'),
    });
  });
});
