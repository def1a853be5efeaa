import * as tf from '@tensorflow/tfjs-core';

/** x · W + b [N, out], with x [N, in], W [in, out], b [out]. */
export function linear(x: tf.Tensor2D, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor2D {
  return tf.add(tf.matMul(x, weight as tf.Tensor2D), bias);
}

/** The gradients of a linear layer, given that of its result [N, out]. */
export function linearGradients(
  dy: tf.Tensor2D,
  x: tf.Tensor2D,
  weight: tf.Tensor,
): { x: tf.Tensor2D; weight: tf.Tensor; bias: tf.Tensor } {
  return {
    x: tf.matMul(dy, weight as tf.Tensor2D, false, true),
    weight: tf.matMul(x, dy, true, false),
    bias: tf.sum(dy, 0),
  };
}
