import * as tf from '@tensorflow/tfjs-core';
import type { AttentionRows, Heads } from '../../src/model/layers/attention.ts';
import { causalMask } from '../../src/model/layers/causal-mask.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import { positionsOf } from '../../src/model/network/positions.ts';

/**
 * Scores of the token that follows each given one [B, T, V], of texts of equal length [B, T]: every text as a whole, with
 * plain operations that a tape can follow, and nothing packed or kept.
 */
export function logits(model: CausalModel, ids: tf.Tensor2D): tf.Tensor3D {
  const { n_layer, vocab_size } = model.config;
  const [B, T] = ids.shape;
  return tf.tidy(() => {
    const positions = positionsOf(
      model.config,
      Int32Array.from({ length: B * T }, (_, i) => i % T),
    );
    let x = model.embed(tf.reshape(ids, [B * T]), positions);
    for (let layer = 0; layer < n_layer; layer++) {
      const { heads, window } = model.attention[layer]!;
      const mask = causalMask(T, window === undefined ? {} : { window });
      const attend = (rows: AttentionRows) => ({ y: attention(rows, B, heads, mask), saved: {} });
      x = model.block(layer, x, positions, attend).y;
    }
    return tf.reshape(model.head(model.finalNorm(x)), [B, T, vocab_size]) as tf.Tensor3D;
  });
}

/** Scaled dot-product attention of B texts of equal length, to mixed values [B * T, heads · D]; every head has keys of its own. */
function attention(
  { query, key, value }: AttentionRows,
  B: number,
  { count, keyCount, scale }: Heads,
  mask: tf.Tensor4D,
): tf.Tensor2D {
  const size = query.shape[1] / count;
  const split = (rows: tf.Tensor, heads: number) =>
    tf.transpose(tf.reshape(rows, [B, -1, heads, size]), [0, 2, 1, 3]) as tf.Tensor4D;
  const owners = Array.from({ length: count }, (_, head) => Math.floor((head * keyCount) / count));
  const repeated = (rows: tf.Tensor) => tf.gather(split(rows, keyCount), owners, 1) as tf.Tensor4D;
  const scores = tf.mul(tf.matMul(split(query, count), repeated(key), false, true), scale); // [B, heads, T, T]
  const mixed = tf.matMul(tf.softmax(tf.add(scores, mask)), repeated(value)); // [B, heads, T, D]
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, query.shape[1]]);
}
