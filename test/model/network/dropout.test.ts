import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collate } from '../../../src/batch/collate.ts';
import { EXACT, type Granularity, type PackedBatch, packBatch } from '../../../src/batch/packed-batch.ts';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import type { Drop } from '../../../src/model/layers/drop.ts';
import { type DropoutRates, dropout } from '../../../src/model/network/dropout.ts';

/** Packs texts of these lengths. */
function packed(lengths: readonly number[], granularity: Granularity = EXACT): PackedBatch {
  const texts = lengths.map((length) => new Int32Array(length).fill(1));
  return packBatch(collate(texts, { padToken: 0, maxLength: 64 }), granularity);
}

const HEADS = 3;
const WIDTH = 40;
const rates: DropoutRates = { model: 0.25, adapter: 0.25 };
const ones = (...shape: number[]) => tf.ones(shape);
const values = (x: tf.Tensor) => Array.from(x.dataSync());

describe('dropout', () => {
  beforeEach(async () => {
    await loadEngine('cpu');
    tf.engine().startScope();
  });
  afterEach(() => tf.engine().endScope());

  /** What a mask keeps of ones, for rows of a batch of one text of so many tokens. */
  function kept(drop: (tokens: PackedBatch) => Drop, rows: number, width = WIDTH): number[] {
    return values(drop(packed([rows]))(ones(rows, width)));
  }

  it('drops the share that it shall, and keeps the mean', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.9, noNaN: true }), fc.string(), (rate, stream) => {
        const all = kept(
          (batch) => dropout({ model: rate, adapter: 0 }, stream, batch, 0).rows('a'),
          60,
          200,
        );
        const n = all.length;
        const dropped = all.filter((value) => value === 0).length;
        // Six standard deviations of a binomial distribution: one of a hundred million masks lies beyond.
        const allowed = 6 * Math.sqrt((rate * (1 - rate)) / n);
        expect(Math.abs(dropped / n - rate)).toBeLessThan(allowed);
        const mean = all.reduce((sum, value) => sum + value, 0) / n;
        expect(Math.abs(mean - 1)).toBeLessThan(allowed / (1 - rate));
        expect(all.every((value) => value === 0 || value === Math.fround(1 / (1 - rate)))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('drops independently of what is beside, below, or at the same place of another mask', () => {
    const rate = 0.3;
    const [rows, width] = [60, 200];
    const zeros = (place: string, stream = 's', firstText = 0) =>
      kept(
        (batch) => dropout({ model: rate, adapter: 0 }, stream, batch, firstText).rows(place),
        rows,
        width,
      ).map((value) => Number(value === 0));
    const mask = zeros('a');
    const both = (others: readonly number[]) => {
      const n = others.length;
      const together = others.reduce((sum, other, i) => sum + other * mask[i]!, 0) / n;
      expect(Math.abs(together - rate * rate)).toBeLessThan(6 * Math.sqrt((rate * rate) / n));
    };
    both(mask.slice(1));
    both(mask.slice(width));
    both(zeros('b'));
    both(zeros('a', 't'));
    both(zeros('a', 's', 1));
  });

  it('multiplies by the same mask each time, and by none at a rate of 0', () => {
    const batch = packed([9, 4]);
    const drop = () => dropout(rates, '1/2', batch, 0).rows('a');
    const once = drop();
    const x = tf.randomUniform([14, WIDTH], 1, 2);
    expect(values(once(x))).toEqual(values(drop()(x)));
    expect(values(once(once(x)))).toEqual(values(tf.mul(once(x), 1 / 0.75)));
    const none = dropout({ model: 0, adapter: 0 }, '1/2', batch, 0);
    for (const place of [none.rows('a'), none.attention('a'), none.adapter('a')]) expect(place(x)).toBe(x);
  });

  it('drops the same of a text, whichever texts are computed with it and however the batch is filled up', () => {
    const lengths = [5, 17, 1, 9];
    const whole = packed(lengths);
    const first = lengths.slice(0, 2).reduce((sum, length) => sum + length, 0);
    const rowsOf = (batch: PackedBatch, firstText: number) =>
      values(dropout(rates, 's', batch, firstText).rows('a')(ones(batch.ids.length, WIDTH)));
    const count = (numbers: readonly number[]) => numbers.reduce((sum, length) => sum + length, 0);
    const real = rowsOf(whole, 0).slice(0, count(lengths) * WIDTH);
    expect(rowsOf(packed(lengths.slice(0, 2)), 0).slice(0, first * WIDTH)).toEqual(
      real.slice(0, first * WIDTH),
    );
    expect(rowsOf(packed(lengths.slice(2)), 2).slice(0, 10 * WIDTH)).toEqual(real.slice(first * WIDTH));
    const filled = packed(lengths, { rows: 16, length: 16 });
    expect(rowsOf(filled, 0).slice(0, count(lengths) * WIDTH)).toEqual(real);

    const seen = (batch: PackedBatch, firstText: number) => {
      const { texts, length } = batch;
      const mask = dropout(rates, 's', batch, firstText).attention('a')(ones(texts, HEADS, length, length));
      return (mask.arraySync() as number[][][][]).map((text, i) =>
        text.map((head) =>
          head.slice(0, lengths[firstText + i]).map((keys, query) => keys.slice(0, query + 1)),
        ),
      );
    };
    expect(seen(filled, 0)).toEqual(seen(whole, 0));
    expect(seen(packed(lengths.slice(2)), 2)).toEqual(seen(whole, 0).slice(2));
    const flat = seen(whole, 0).flat(3);
    expect(flat).toContain(0);
    expect(new Set(flat)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
  });
});
