import * as tf from '@tensorflow/tfjs-core';
import { type Grid, mergeHeads, splitHeads } from './attention.ts';

/** Keys and values of earlier tokens [B, heads, S, D]. */
export interface KeysAndValues {
  readonly key: tf.Tensor4D;
  readonly value: tf.Tensor4D;
}

/**
 * Attention of one new token for each of B texts, to itself and to earlier tokens: queries, keys and values side by
 * side [B, 3C] in, mixed values [B, C] out, and the new token's keys and values [B, heads, 1, D]. They are kept apart
 * from the earlier ones, which are not copied for them. `mask` [B, 1, 1, S + 1] is added to the scores; the new token's
 * is the last.
 */
export function cachedAttention(
  qkv: tf.Tensor2D,
  past: KeysAndValues,
  mask: tf.Tensor4D,
): { y: tf.Tensor2D; added: KeysAndValues } {
  const [B, heads, S, D] = past.key.shape;
  const parts = tf.split(qkv, 3, 1).map((part) => tf.reshape(part, [B, heads, 1, D]));
  const [query, key, value] = parts as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const toPast = tf.matMul(query, past.key, false, true); // [B, heads, 1, S]
  const toItself = tf.sum(tf.mul(query, key), 3, true); // [B, heads, 1, 1]
  const scores = tf.mul(tf.concat([toPast, toItself], 3), 1 / Math.sqrt(D));
  const weights = tf.softmax(tf.add(scores, mask)) as tf.Tensor4D;
  const [ofPast, ofItself] = tf.split(weights, [S, 1], 3) as [tf.Tensor4D, tf.Tensor4D];
  const mixed = tf.add(tf.matMul(ofPast, past.value), tf.mul(ofItself, value)); // [B, heads, 1, D]
  return { y: tf.reshape(mixed, [B, heads * D]), added: { key, value } };
}

/**
 * Attention of texts that are packed without padding and all continue the same P tokens, whose keys and values are
 * [1, heads, P, D]: queries, keys and values of the N tokens after them [N, 3C] in, mixed values [N, C] out, and the
 * keys and values of each text from its beginning [B, heads, P + T, D].
 */
export function continuedAttention(
  qkv: tf.Tensor2D,
  grid: Grid,
  past: KeysAndValues,
): { y: tf.Tensor2D; all: KeysAndValues } {
  const [, heads, P, D] = past.key.shape;
  const parts = tf.split(tf.gather(qkv, grid.rowOfPlace), 3, 1).map((part) => splitHeads(part, grid, heads));
  const [query, ownKey, ownValue] = parts as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const following = (shared: tf.Tensor4D, own: tf.Tensor4D) =>
    tf.concat([tf.tile(shared, [grid.texts, 1, 1, 1]), own], 2);
  const all = { key: following(past.key, ownKey), value: following(past.value, ownValue) };
  const mask = tf.concat([tf.zeros<tf.Rank.R4>([1, 1, grid.length, P]), grid.mask], 3); // [1, 1, T, P + T]
  const scores = tf.mul(tf.matMul(query, all.key, false, true), 1 / Math.sqrt(D)); // [B, heads, T, P + T]
  const mixed = tf.matMul(tf.softmax(tf.add(scores, mask)), all.value);
  return { y: tf.gather(mergeHeads(mixed as tf.Tensor4D), grid.placeOfRow), all };
}
