import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../../src/engine/load-engine.ts';

/** As many rows as are made in two slices and a bit; the vocabulary of GPT-2 has eleven times as many. */
const ROWS = 4500;
const INNER = 3;
const COLUMNS = 5;

/** Whole numbers, whose products and sums are exact. */
function numbers(rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => ((i * 31 + j * 17) % 23) - 11),
  );
}

describe('a product of a turned matrix with very many rows', () => {
  beforeAll(async () => {
    await loadEngine('onnxruntime');
  });

  const a = numbers(INNER, ROWS);
  const b = numbers(INNER, COLUMNS);
  const expected = Array.from({ length: ROWS }, (_, i) =>
    Array.from({ length: COLUMNS }, (_, j) => a.reduce((sum, row, k) => sum + row[i]! * b[k]![j]!, 0)),
  );

  it('has every row where it belongs', () => {
    const product = tf.matMul(tf.tensor2d(a), tf.tensor2d(b), true);
    expect(product.arraySync()).toEqual(expected);
  });

  it('is the same with the right matrix turned too, and as one of a stack', () => {
    const turned = tf.transpose(tf.tensor2d(b));
    const product = tf.matMul(tf.tensor3d([a]), tf.reshape(turned, [1, COLUMNS, INNER]), true, true);
    expect(product.arraySync()).toEqual([expected]);
  });

  it('can be gone on with, and kept as well', () => {
    const product = tf.matMul(tf.tensor2d(a), tf.tensor2d(b), true);
    const zero = tf.sub(product, tf.tensor2d(expected));
    expect(tf.max(tf.abs(zero)).arraySync()).toBe(0);
    expect(product.arraySync()).toEqual(expected);
  });
});
