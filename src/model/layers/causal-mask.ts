import * as tf from '@tensorflow/tfjs-core';

/** Added to the attention score of a token that must not be seen; exp() of it is exactly 0 in float32. */
export const HIDDEN = -1e9;

/** [1, 1, T, T]: 0 where a token may see another, that is up to itself. */
export function causalMask(T: number): tf.Tensor4D {
  const mask = new Float32Array(T * T).fill(HIDDEN);
  for (let i = 0; i < T; i++) mask.fill(0, i * T, i * T + i + 1);
  return tf.tensor4d(mask, [1, 1, T, T]);
}
