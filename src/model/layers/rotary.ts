import * as tf from '@tensorflow/tfjs-core';

/** Cosines and sines by which the pairs of numbers of a head of size D are turned [N, 1, D / 2], for each of N tokens. */
export type Rotation = {
  readonly cos: tf.Tensor3D;
  readonly sin: tf.Tensor3D;
};

/**
 * Rotary positions (Su et al., https://arxiv.org/abs/2104.09864): of each head of the rows x [N, heads · D], number i and
 * number i + D / 2 are turned by the token's angle i, so that the product of two of them depends on how far apart they are.
 */
export function rotate(x: tf.Tensor2D, { cos, sin }: Rotation): tf.Tensor2D {
  const [left, right] = halves(x, cos);
  return joined(tf.sub(tf.mul(left, cos), tf.mul(right, sin)), tf.add(tf.mul(right, cos), tf.mul(left, sin)));
}

/** The gradient with respect to x, given that of the result: turned back. */
export function rotateGradient(dy: tf.Tensor2D, { cos, sin }: Rotation): tf.Tensor2D {
  const [left, right] = halves(dy, cos);
  return joined(tf.add(tf.mul(left, cos), tf.mul(right, sin)), tf.sub(tf.mul(right, cos), tf.mul(left, sin)));
}

/** [N, heads · D] -> 2 × [N, heads, D / 2] */
function halves(x: tf.Tensor2D, { shape }: tf.Tensor3D): [tf.Tensor, tf.Tensor] {
  const half = shape[2];
  return tf.split(tf.reshape(x, [x.shape[0], x.shape[1] / (2 * half), 2 * half]), 2, 2) as [
    tf.Tensor,
    tf.Tensor,
  ];
}

function joined(left: tf.Tensor, right: tf.Tensor): tf.Tensor2D {
  return tf.reshape(tf.concat([left, right], 2), [left.shape[0]!, -1]) as tf.Tensor2D;
}
