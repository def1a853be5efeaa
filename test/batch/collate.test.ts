import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Batch, collate, IGNORED } from '../../src/batch/collate.ts';

const PAD = 50256;
const sequences = (...rows: number[][]) => rows.map((row) => Int32Array.from(row));

function rowsOf(batch: Batch, ids: Int32Array): number[][] {
  return Array.from({ length: batch.rows }, (_, row) => [
    ...ids.subarray(row * batch.length, (row + 1) * batch.length),
  ]);
}

describe('collate', () => {
  it("gives the batches of the book's example", () => {
    const batch = collate(sequences([0, 1, 2, 3, 4], [5, 6], [7, 8, 9]), { padToken: PAD, maxLength: 1024 });
    expect(rowsOf(batch, batch.inputs)).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6, PAD, PAD, PAD],
      [7, 8, 9, PAD, PAD],
    ]);
    expect(rowsOf(batch, batch.targets)).toEqual([
      [1, 2, 3, 4, PAD],
      [6, PAD, -100, -100, -100],
      [8, 9, PAD, -100, -100],
    ]);
  });

  it('cuts rows at the maximum length, and with them the end of a long text', () => {
    const batch = collate(sequences([0, 1, 2, 3, 4], [5, 6]), { padToken: PAD, maxLength: 3 });
    expect(rowsOf(batch, batch.inputs)).toEqual([
      [0, 1, 2],
      [5, 6, PAD],
    ]);
    expect(rowsOf(batch, batch.targets)).toEqual([
      [1, 2, 3],
      [6, PAD, -100],
    ]);
  });

  it('ignores a pad token that a text holds itself once one was seen, as the book does', () => {
    const batch = collate(sequences([1, PAD, 2, PAD, 3]), { padToken: PAD, maxLength: 1024 });
    expect([...batch.targets]).toEqual([PAD, 2, -100, 3, -100]);
  });

  it('counts what a conversation says of each token, the end of its turns too; the last end if its last token counts', () => {
    const texts = sequences([1, 2, PAD, 3, 4, PAD, 5], [1, 2, 3]);
    const counted = sequences([0, 1, 1, 0, 1, 1, 0], [0, 0, 1]);
    const batch = collate(texts, { padToken: PAD, maxLength: 1024, counted });
    expect(rowsOf(batch, batch.targets)).toEqual([
      [2, PAD, -100, 4, PAD, -100, -100],
      [-100, 3, PAD, -100, -100, -100, -100],
    ]);
  });

  it('trains on each token of each text and on one end, whatever the lengths', () => {
    const token = fc.integer({ min: 0, max: 255 });
    const texts = fc.array(fc.array(token, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(texts, (rows) => {
        const batch = collate(sequences(...rows), { padToken: PAD, maxLength: 1024 });
        const targets = rowsOf(batch, batch.targets);
        expect(targets.map((row) => row.filter((id) => id !== IGNORED))).toEqual(
          rows.map((row) => [...row.slice(1), PAD]),
        );
        const inputs = rowsOf(batch, batch.inputs);
        expect(inputs.map((row, i) => row.slice(0, rows[i]!.length))).toEqual(rows);
      }),
    );
  });
});
