import * as tf from '@tensorflow/tfjs-core';
import {
  type AttentionRows,
  attentionWeights,
  byKeyHead,
  type Grid,
  type Heads,
  headsOf,
  mergeHeads,
} from './attention.ts';

/** Keys and values of earlier tokens [B, key heads, S, D]. */
export interface KeysAndValues {
  readonly key: tf.Tensor4D;
  readonly value: tf.Tensor4D;
}

/**
 * Attention of one new token for each of B texts, to itself and to earlier tokens: its queries [B, heads · D], keys and
 * values in, mixed values [B, heads · D] out, and the new token's keys and values [B, key heads, 1, D]. They are kept
 * apart from the earlier ones, which are not copied for them. `mask` [B, 1, 1, S + 1] is added to the scores; the new
 * token's is the last.
 */
export function cachedAttention(
  rows: AttentionRows,
  past: KeysAndValues,
  mask: tf.Tensor4D,
  { count, scale }: Heads,
): { y: tf.Tensor2D; added: KeysAndValues } {
  const [B, keyHeads, S, D] = past.key.shape;
  const query = tf.reshape(rows.query, [B, keyHeads, count / keyHeads, D]);
  const key = tf.reshape(rows.key, [B, keyHeads, 1, D]) as tf.Tensor4D;
  const value = tf.reshape(rows.value, [B, keyHeads, 1, D]) as tf.Tensor4D;
  const toPast = tf.matMul(query, past.key, false, true); // [B, key heads, heads / key heads, S]
  const toItself = tf.sum(tf.mul(query, key), 3, true); // [B, key heads, heads / key heads, 1]
  const scores = tf.mul(tf.concat([toPast, toItself], 3), scale);
  const weights = tf.softmax(tf.add(scores, mask)) as tf.Tensor4D;
  const [ofPast, ofItself] = tf.split(weights, [S, 1], 3) as [tf.Tensor4D, tf.Tensor4D];
  const mixed = tf.add(tf.matMul(ofPast, past.value), tf.mul(ofItself, value));
  return { y: tf.reshape(mixed, [B, count * D]), added: { key, value } };
}

/**
 * Attention of texts that are packed without padding and all continue the same P tokens, whose keys and values are
 * [1, key heads, P, D]: rows of the N tokens after them in, mixed values [N, heads · D] out, and the keys and values of
 * each text from its beginning [B, key heads, P + T, D].
 */
export function continuedAttention(
  rows: AttentionRows,
  grid: Grid,
  past: KeysAndValues,
  heads: Heads,
): { y: tf.Tensor2D; all: KeysAndValues } {
  const following = (shared: tf.Tensor4D, own: tf.Tensor2D) =>
    tf.concat([tf.tile(shared, [grid.texts, 1, 1, 1]), headsOf(own, grid, heads.keyCount)], 2);
  const all = { key: following(past.key, rows.key), value: following(past.value, rows.value) };
  const weights = attentionWeights(headsOf(rows.query, grid, heads.count), all.key, grid.mask, heads.scale);
  const mixed = byKeyHead(weights, all.key, (own) => tf.matMul(own, all.value));
  return { y: tf.gather(mergeHeads(mixed), grid.placeOfRow), all };
}
