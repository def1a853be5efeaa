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
  /** Added to the attention scores [1, 1, T, T]: 0 where a token may see another, else about minus infinity. */
  readonly mask: tf.Tensor4D;
};

/** What the gradient of attention needs of its forward pass; D = C / heads. */
export type AttentionSaved = {
  readonly query: tf.Tensor4D; // [B, heads, T, D]
  readonly key: tf.Tensor4D;
  readonly value: tf.Tensor4D;
  readonly weights: tf.Tensor4D; // [B, heads, T, T], before any is dropped
};

/**
 * Scaled dot-product attention (Vaswani et al., https://arxiv.org/abs/1706.03762) of texts that are packed without
 * padding: queries, keys and values side by side [N, 3C] in, mixed values [N, C] out. Only here are texts padded. Of the
 * weights, which say how much of each value is taken, some may be dropped.
 */
export function attention(
  qkv: tf.Tensor2D,
  grid: Grid,
  heads: number,
  drop: Drop = keep,
): { y: tf.Tensor2D; saved: AttentionSaved } {
  const parts = tf.split(tf.gather(qkv, grid.rowOfPlace), 3, 1); // 3 × [B*T, C]
  const [query, key, value] = parts.map((part) => splitHeads(part, grid, heads)) as [
    tf.Tensor4D,
    tf.Tensor4D,
    tf.Tensor4D,
  ];
  const scores = tf.mul(tf.matMul(query, key, false, true), scaleOf(query)); // [B, heads, T, T]
  const weights = tf.softmax(tf.add(scores, grid.mask)) as tf.Tensor4D;
  const mixed = mergeHeads(tf.matMul(drop(weights), value));
  return { y: tf.gather(mixed, grid.placeOfRow), saved: { query, key, value, weights } };
}

/** The gradient with respect to queries, keys and values side by side [N, 3C], given that of the result [N, C]. */
export function attentionGradient(
  dy: tf.Tensor2D,
  { query, key, value, weights }: AttentionSaved,
  grid: Grid,
  drop: Drop = keep,
): tf.Tensor2D {
  const dMixed = splitHeads(tf.gather(dy, grid.rowOfPlace), grid, query.shape[1]); // [B, heads, T, D]
  const weighted = tf.mul(drop(tf.matMul(dMixed, value, false, true)), weights); // [B, heads, T, T]
  const dScores = tf.sub(weighted, tf.mul(weights, tf.sum(weighted, 3, true)));
  const scaled = tf.mul(dScores, scaleOf(query)) as tf.Tensor4D;
  const parts: tf.Tensor4D[] = [
    tf.matMul(scaled, key),
    tf.matMul(scaled, query, true, false),
    tf.matMul(drop(weights), dMixed, true, false),
  ];
  return tf.gather(tf.concat(parts.map(mergeHeads), 1), grid.placeOfRow);
}

function scaleOf({ shape }: tf.Tensor4D): number {
  return 1 / Math.sqrt(shape[3]);
}

/** [B*T, C] -> [B, heads, T, C / heads] */
export function splitHeads(x: tf.Tensor, { texts, length }: Grid, heads: number): tf.Tensor4D {
  return tf.transpose(tf.reshape(x, [texts, length, heads, -1]), [0, 2, 1, 3]) as tf.Tensor4D;
}

/** [B, heads, T, C / heads] -> [B*T, C] */
export function mergeHeads(x: tf.Tensor4D): tf.Tensor2D {
  const [texts, heads, length, size] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [texts * length, heads * size]) as tf.Tensor2D;
}
