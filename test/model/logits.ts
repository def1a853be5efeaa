import * as tf from '@tensorflow/tfjs-core';
import { causalMask } from '../../src/model/layers/causal-mask.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';

/**
 * Scores of the token that follows each given one [B, T, V], of texts of equal length [B, T]: every text as a whole, with
 * plain operations that a tape can follow, and nothing packed or kept.
 */
export function logits(model: CausalModel, ids: tf.Tensor2D): tf.Tensor3D {
  const { n_layer, n_head, vocab_size } = model.config;
  const [B, T] = ids.shape;
  return tf.tidy(() => {
    const positions = tf.tile(tf.range(0, T, 1, 'int32'), [B]) as tf.Tensor1D;
    const mask = causalMask(T);
    let x = model.embed(tf.reshape(ids, [B * T]), positions);
    for (let layer = 0; layer < n_layer; layer++) {
      const attend = (qkv: tf.Tensor2D) => ({ y: attention(qkv, B, n_head, mask), saved: {} });
      x = model.block(layer, x, attend).y;
    }
    return tf.reshape(model.head(model.finalNorm(x)), [B, T, vocab_size]) as tf.Tensor3D;
  });
}

/** Scaled dot-product attention of B texts of equal length: [B * T, 3C] -> [B * T, C]. */
function attention(qkv: tf.Tensor2D, B: number, heads: number, mask: tf.Tensor4D): tf.Tensor2D {
  const width = qkv.shape[1] / 3;
  const split = (part: tf.Tensor) =>
    tf.transpose(tf.reshape(part, [B, -1, heads, width / heads]), [0, 2, 1, 3]) as tf.Tensor4D;
  const [query, key, value] = tf.split(qkv, 3, 1).map(split) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width / heads)); // [B, heads, T, T]
  const mixed = tf.matMul(tf.softmax(tf.add(scores, mask)), value); // [B, heads, T, C/heads]
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, width]);
}
