import * as tf from '@tensorflow/tfjs-core';
import { type Drop, keep } from './drop.ts';

/** Where the rows of a packed batch [N, …] are in the grid [B, T] of its texts, and what a token may see. */
export type Grid = {
  readonly texts: number;
  readonly length: number;
  /** For each place of the grid, text after text, the row that is there [B*T] int32. */
  readonly rowOfPlace: tf.Tensor1D;
  /** For each row, its place in the grid [N] int32. */
  readonly placeOfRow: tf.Tensor1D;
  /** Added to the attention scores [1, 1, T, P + T], P earlier tokens first: 0 where a token may see another, else about minus infinity. */
  readonly mask: tf.Tensor4D;
};

/** How a block's heads attend. */
export interface Heads {
  /** Heads that ask. */
  readonly count: number;
  /** Heads that keys and values have; each serves as many of those that ask (Ainslie et al., https://arxiv.org/abs/2305.13245). */
  readonly keyCount: number;
  /** What the products of queries and keys are multiplied with. */
  readonly scale: number;
}

/** Rows of queries [N, heads · D], keys and values [N, key heads · D], of N tokens each. */
export type AttentionRows = {
  readonly query: tf.Tensor2D;
  readonly key: tf.Tensor2D;
  readonly value: tf.Tensor2D;
};

/** What the gradient of attention needs of its forward pass. */
export type AttentionSaved = {
  readonly query: tf.Tensor4D; // [B, heads, T, D]
  readonly key: tf.Tensor4D; // [B, key heads, T, D]
  readonly value: tf.Tensor4D;
  readonly weights: tf.Tensor4D; // [B, heads, T, T], before any is dropped
};

/**
 * Scaled dot-product attention (Vaswani et al., https://arxiv.org/abs/1706.03762) of texts that are packed without
 * padding: mixed values [N, heads · D]. Only here are texts padded. Of the weights, which say how much of each value is
 * taken, some may be dropped.
 */
export function attention(
  rows: AttentionRows,
  grid: Grid,
  heads: Heads,
  drop: Drop = keep,
): { y: tf.Tensor2D; saved: AttentionSaved } {
  const query = headsOf(rows.query, grid, heads.count);
  const key = headsOf(rows.key, grid, heads.keyCount);
  const value = headsOf(rows.value, grid, heads.keyCount);
  const weights = attentionWeights(query, key, grid.mask, heads.scale);
  const mixed = mergeHeads(byKeyHead(drop(weights), value, (own) => tf.matMul(own, value)));
  return { y: tf.gather(mixed, grid.placeOfRow), saved: { query, key, value, weights } };
}

/** The gradients with respect to queries, keys and values, given that of the result [N, heads · D]. */
export function attentionGradient(
  dy: tf.Tensor2D,
  { query, key, value, weights }: AttentionSaved,
  grid: Grid,
  heads: Heads,
  drop: Drop = keep,
): AttentionRows {
  const dMixed = headsOf(dy, grid, heads.count); // [B, heads, T, D]
  const dWeights = byKeyHead(dMixed, key, (own) => tf.matMul(own, value, false, true)); // [B, heads, T, T]
  const weighted = tf.mul(drop(dWeights), weights);
  const dScores = tf.sub(weighted, tf.mul(weights, tf.sum(weighted, 3, true)));
  const scaled = tf.mul(dScores, heads.scale) as tf.Tensor4D;
  const rowsOf = (x: tf.Tensor4D) => tf.gather(mergeHeads(x), grid.placeOfRow);
  return {
    query: rowsOf(byKeyHead(scaled, key, (own) => tf.matMul(own, key))),
    key: rowsOf(tf.matMul(grouped(scaled, key), grouped(query, key), true, false)),
    value: rowsOf(tf.matMul(grouped(drop(weights), key), grouped(dMixed, key), true, false)),
  };
}

/** How much of each value a token takes [B, heads, T, S], of queries [B, heads, T, D] and keys [B, key heads, S, D]. */
export function attentionWeights(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  mask: tf.Tensor4D,
  scale: number,
): tf.Tensor4D {
  const scores = tf.mul(
    byKeyHead(query, key, (own) => tf.matMul(own, key, false, true)),
    scale,
  );
  return tf.softmax(tf.add(scores, mask)) as tf.Tensor4D;
}

/** A product of `x` [B, heads, T, …] with what is there once a key head: each serves several heads, which lie side by side. */
export function byKeyHead(
  x: tf.Tensor4D,
  key: tf.Tensor4D,
  product: (x: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const [B, heads, T] = x.shape;
  const result = product(grouped(x, key));
  return result.shape[1] === heads ? result : tf.reshape(result, [B, heads, T, result.shape[3]]);
}

/** [B, heads, T, D] -> [B, key heads, heads / key heads · T, D], in the same order. */
function grouped(x: tf.Tensor4D, key: tf.Tensor4D): tf.Tensor4D {
  const [B, heads, T, D] = x.shape;
  const keyHeads = key.shape[1];
  return keyHeads === heads ? x : tf.reshape(x, [B, keyHeads, (heads / keyHeads) * T, D]);
}

/** Rows [N, heads · D] in the grid of their texts, head by head [B, heads, T, D]. */
export function headsOf(rows: tf.Tensor2D, grid: Grid, heads: number): tf.Tensor4D {
  return splitHeads(tf.gather(rows, grid.rowOfPlace), grid, heads);
}

/** [B*T, heads · D] -> [B, heads, T, D] */
function splitHeads(x: tf.Tensor, { texts, length }: Grid, heads: number): tf.Tensor4D {
  return tf.transpose(tf.reshape(x, [texts, length, heads, -1]), [0, 2, 1, 3]) as tf.Tensor4D;
}

/** [B, heads, T, D] -> [B*T, heads · D] */
export function mergeHeads(x: tf.Tensor4D): tf.Tensor2D {
  const [texts, heads, length, size] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [texts * length, heads * size]) as tf.Tensor2D;
}
