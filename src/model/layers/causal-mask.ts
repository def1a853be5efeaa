import * as tf from '@tensorflow/tfjs-core';

/** Added to the attention score of a token that must not be seen; exp() of it is exactly 0 in float32. */
export const HIDDEN = -1e9;

/**
 * [1, 1, T, before + T]: 0 where a token may see another, that is up to itself, and no further back than `window` tokens,
 * itself among them. `before` tokens come before the first of the T.
 */
export function causalMask(T: number, { before = 0, window = Infinity } = {}): tf.Tensor4D {
  const width = before + T;
  const mask = new Float32Array(T * width).fill(HIDDEN);
  for (let i = 0; i < T; i++) {
    const last = before + i;
    mask.fill(0, i * width + Math.max(0, last - window + 1), i * width + last + 1);
  }
  return tf.tensor4d(mask, [1, 1, T, width]);
}
