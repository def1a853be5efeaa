import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collate } from '../../src/batch/collate.ts';
import { countTargets, EXACT, packBatch } from '../../src/batch/packed-batch.ts';

const END = 9;
const text = (...ids: number[]) => Int32Array.from(ids);
const collated = (texts: Int32Array[]) => collate(texts, { padToken: END, maxLength: 100 });

describe('packing a batch', () => {
  it('keeps the positions that a counted target depends on, and one of each kind to fill up with', () => {
    const batch = collated([text(1, 2, 3), text(4)]);
    expect(packBatch(batch, EXACT)).toEqual({
      ids: text(1, 2, 3, 4, 0),
      positions: text(0, 1, 2, 0, 0),
      texts: 2,
      length: 3,
      rowOfPlace: text(0, 1, 2, 3, 4, 4),
      placeOfRow: text(0, 1, 2, 3, 4),
      counted: text(0, 1, 2, 3, 0),
      targets: text(2, 3, END, END, 0),
      targetOfRow: text(0, 1, 2, 3, 4),
      count: 4,
    });
  });

  it('fills up nothing where texts are equally long', () => {
    const { ids, placeOfRow, targets } = packBatch(collated([text(1, 2), text(3, 4)]), EXACT);
    expect([ids, placeOfRow, targets]).toEqual([text(1, 2, 3, 4), text(0, 1, 2, 3), text(2, END, 4, END)]);
  });

  it('keeps a position whose own target does not count but that a later one depends on', () => {
    const batch = { inputs: text(1, 2, 3), targets: text(-100, 3, -100), rows: 1, length: 3 };
    const { ids, counted, targets, targetOfRow } = packBatch(batch, EXACT);
    expect([ids, counted, targets]).toEqual([text(1, 2), text(1, 0), text(3, 0)]);
    expect(targetOfRow).toEqual(text(1, 0));
  });

  it('gives a batch without any target a shape, and no weight', () => {
    const packed = packBatch({ inputs: text(1), targets: text(-100), rows: 1, length: 1 }, EXACT);
    expect(packed.count).toBe(0);
    expect(packed.targets).toHaveLength(1);
  });

  it('makes shapes multiples of what is wanted, and every filling points to a filling', () => {
    const length = fc.integer({ min: 1, max: 20 });
    const property = fc.property(
      fc.array(length, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1, max: 8 }),
      (lengths, rows, step) => {
        const batch = collated(lengths.map((length) => new Int32Array(length).fill(5)));
        const packed = packBatch(batch, { rows, length: step });
        const real = lengths.reduce((sum, length) => sum + length, 0);
        expect(packed.count).toBe(countTargets(batch));
        expect([packed.ids.length % rows, packed.targets.length % rows, packed.length % step]).toEqual([
          0, 0, 0,
        ]);
        const isRowReal = (row: number) => row < real;
        const isPlaceReal = (place: number) =>
          place % packed.length < lengths[Math.floor(place / packed.length)]!;
        for (const [place, row] of packed.rowOfPlace.entries())
          expect(isRowReal(row)).toBe(isPlaceReal(place));
        for (const [row, place] of packed.placeOfRow.entries())
          expect(isPlaceReal(place)).toBe(isRowReal(row));
        for (const [row, target] of packed.targetOfRow.entries()) {
          expect(target < packed.count).toBe(isRowReal(row));
        }
      },
    );
    fc.assert(property);
  });
});
