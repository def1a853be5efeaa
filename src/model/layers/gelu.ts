import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../network/engine-kernels.ts';

/** In gelu(x) = x · sigmoid(x · (SLOPE + CUBIC · x²)). */
const SLOPE = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = SLOPE * 0.044715;

/**
 * Gaussian error linear unit in the tanh approximation (Hendrycks and Gimpel, https://arxiv.org/abs/1606.08415), as
 * GPT-2 was trained with: x/2 · (1 + tanh(u)) = x · sigmoid(2u). Most engines have a faster sigmoid than tanh.
 */
export function gelu(x: tf.Tensor2D): tf.Tensor2D {
  if (hasKernel('FastGelu')) return runKernel('FastGelu', { x })[0] as tf.Tensor2D;
  return tf.mul(x, gate(x, tf.square(x)));
}

/** The gradient with respect to x, given that of y = gelu(x); all of one shape. */
export function geluGradient(dy: tf.Tensor2D, x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D {
  const square = tf.square(x);
  const s = gate(x, square);
  const slope = tf.add(tf.mul(square, 3 * CUBIC), SLOPE); // of the sigmoid's argument
  return tf.mul(dy, tf.add(s, tf.mul(tf.mul(y, tf.sub(1, s)), slope)));
}

function gate(x: tf.Tensor2D, square: tf.Tensor): tf.Tensor {
  return tf.sigmoid(tf.mul(x, tf.add(tf.mul(square, CUBIC), SLOPE)));
}
