import * as tf from '@tensorflow/tfjs-core';
import type { PackedBatch } from '../../batch/packed-batch.ts';
import { type Drop, keep } from '../layers/drop.ts';
import { keyOf, mix } from './random-bits.ts';

/** Probabilities, each below 1, with which an element is dropped in an update. */
export interface DropoutRates {
  /** Of the embedding, of attention's weights, and of what each layer adds to the rows, as GPT-2 was trained with. */
  readonly model: number;
  /** Of what goes into the adapters. */
  readonly adapter: number;
}

/** What is dropped of one batch on its way through the model; each place has a mask of its own. */
export interface Dropout {
  rows(place: string): Drop;
  attention(place: string): Drop;
  adapter(place: string): Drop;
}

/** Nothing is dropped: measuring and generating. */
export const NO_DROPOUT: Dropout = { rows: () => keep, attention: () => keep, adapter: () => keep };

/**
 * Dropout (Srivastava et al., https://jmlr.org/papers/v15/srivastava14a.html) that divides what it keeps by 1 - rate. A
 * mask depends on the stream, the place, and, of each element, the number of its text, the position in it and the column
 * (or head and key): not on the engine, nor on which texts are computed at once, nor on how the batch is filled up.
 * `firstText` is the number of the batch's first text in the update. A mask is a tensor that is made at first use and
 * belongs to the `tf.tidy` around it, so what a place is given as its Drop must not outlive that.
 */
export function dropout(rates: DropoutRates, stream: string, batch: PackedBatch, firstText: number): Dropout {
  const dropWith =
    (rate: number, maskOf: (shape: number[], key: number, rate: number) => Float32Array) =>
    (place: string): Drop => {
      if (rate === 0) return keep;
      let mask: tf.Tensor | undefined;
      return (x) => {
        mask ??= tf.tensor(maskOf(x.shape, keyOf(`${stream}/${place}`), rate), x.shape);
        return tf.mul(x, mask);
      };
    };
  const keysOfRows = rowKeys(batch, firstText);
  const ofRows = (shape: number[], key: number, rate: number) => maskOfRows(keysOfRows, shape[1]!, key, rate);
  const ofAttention = (shape: number[], key: number, rate: number) =>
    maskOfAttention(keysOfRows, batch, shape[1]!, key, rate);
  return {
    rows: dropWith(rates.model, ofRows),
    attention: dropWith(rates.model, ofAttention),
    adapter: dropWith(rates.adapter, ofRows),
  };
}

/** 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e3779b9;

/** Bits for each row of a batch that stand for its text and its position in it. */
function rowKeys({ positions, placeOfRow, length }: PackedBatch, firstText: number): Uint32Array {
  return Uint32Array.from(positions, (position, row) => {
    const text = firstText + Math.floor(placeOfRow[row]! / length);
    return mix(mix(text + 1) ^ position);
  });
}

/** Mask [N, C]: 0 or 1 / (1 - rate). */
function maskOfRows(rows: Uint32Array, width: number, key: number, rate: number): Float32Array {
  const mask = new Float32Array(rows.length * width);
  for (const [row, rowKey] of rows.entries()) {
    fillMask(mask, row * width, width, mix(rowKey ^ key), rate);
  }
  return mask;
}

/** Mask [B, heads, T, T]; what a token cannot see has no weight, and its mask stays 0. */
function maskOfAttention(
  rows: Uint32Array,
  { texts, length, placeOfRow }: PackedBatch,
  heads: number,
  key: number,
  rate: number,
): Float32Array {
  const mask = new Float32Array(texts * heads * length * length);
  for (const [row, rowKey] of rows.entries()) {
    const query = placeOfRow[row]! % length;
    const text = (placeOfRow[row]! - query) / length;
    for (let head = 0; head < heads; head++) {
      const from = ((text * heads + head) * length + query) * length;
      fillMask(mask, from, query + 1, mix(mix(rowKey ^ key) ^ head), rate);
    }
  }
  return mask;
}

/**
 * Sets some elements to 0 or 1 / (1 - rate) by the numbers of SplitMix (Steele et al. 2014, "Fast splittable
 * pseudorandom number generators") in 32 bits, one each.
 */
function fillMask(mask: Float32Array, from: number, count: number, key: number, rate: number): void {
  const dropped = rate * 2 ** 32;
  const kept = 1 / (1 - rate);
  for (let i = 0; i < count; i++) {
    mask[from + i] = mix(key + Math.imul(i, GOLDEN)) < dropped ? 0 : kept;
  }
}
