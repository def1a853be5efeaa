import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortNames } from '../../src/reporters/stage-names.ts';
import { columnsOf } from '../../src/terminal/display-width.ts';

const short = (ids: readonly string[], room: number) => [...shortNames(ids, room).values()];

describe('the names of stages in a narrow column', () => {
  const sweep = [
    'data',
    'train[learning_rate=0.001,epochs=1]',
    'train[learning_rate=0.002,epochs=1]',
    'generate[learning_rate=0.001,epochs=1]',
  ];

  it('are whole where there is room', () => {
    expect(short(sweep, 40)).toEqual(sweep);
  });

  it('lose the names of the parameters first, and keep the values, which tell the variants apart', () => {
    expect(short(sweep, 30)).toEqual([
      'data',
      'train[lr=0.001,e=1]',
      'train[lr=0.002,e=1]',
      'generate[lr=0.001,e=1]',
    ]);
    expect(short(sweep, 18)).toEqual(['data', 'train[0.001,1]', 'train[0.002,1]', 'generate[0.001,1]']);
    expect(short(sweep, 13)).toEqual(['data', 'tra…[0.001,1]', 'tra…[0.002,1]', 'gen…[0.001,1]']);
    expect(short(sweep, 7)).toEqual(['data', 't…01,1]', 't…02,1]', 'g…01,1]']);
  });

  it('tell parameters apart that begin with the same letters', () => {
    expect(short(['t[epochs=1,eta=2]', 't[epochs=1,eta=3]'], 15)).toEqual(['t[ep=1,et=2]', 't[ep=1,et=3]']);
  });

  it('leave out what long values have in common', () => {
    const files = ['./data/small.json', './data/large.json'].map((file) => `train[data=${file}]`);
    expect(short(files, 16)).toEqual(['train[…small…]', 'train[…large…]']);
  });

  it('are cut at the end where there are no values', () => {
    expect(short(['a-very-long-name'], 8)).toEqual(['a-very-…']);
  });

  it('are never wider than the column, and differ wherever the values alone have room', () => {
    const value = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
      .filter((text) => !/[,=[\]]/.test(text));
    fc.assert(
      fc.property(
        fc.uniqueArray(value, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 6, max: 60 }),
        (values, room) => {
          const ids = values.map((text) => `generate[learning_rate=${text}]`);
          const names = short(ids, room);
          for (const name of names) expect(columnsOf(name)).toBeLessThanOrEqual(room);
          if (room >= 16) expect(new Set(names).size).toBe(ids.length);
        },
      ),
    );
  });
});
