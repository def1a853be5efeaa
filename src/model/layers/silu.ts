import * as tf from '@tensorflow/tfjs-core';

/** x · sigmoid(x), the sigmoid linear unit (Elfwing et al., https://arxiv.org/abs/1702.03118). */
export function silu(x: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(x, tf.sigmoid(x));
}

/** The gradient with respect to x, given that of y = silu(x); all of one shape. */
export function siluGradient(dy: tf.Tensor2D, x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D {
  const s = tf.sigmoid(x);
  return tf.mul(dy, tf.add(s, tf.mul(y, tf.sub(1, s))));
}
