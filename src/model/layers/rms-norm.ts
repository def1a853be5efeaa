import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../network/engine-kernels.ts';
import type { NormLayer } from './norm.ts';

/**
 * Divides each row by the root of its mean square, then scales its columns by `gain` + weight [C] (Zhang and Sennrich,
 * https://arxiv.org/abs/1910.07467). The gain is 0, or 1 in families whose weights say by how much the scale differs from 1.
 */
export function rmsNorm(weight: tf.Tensor, epsilon: number, gain: 0 | 1): NormLayer {
  const columns = () => (gain === 0 ? weight : tf.add(weight, gain));
  return {
    forward(x) {
      if (hasKernel('RmsNorm')) {
        const [y, scale] = runKernel('RmsNorm', { x, weight: columns() }, { epsilon }) as tf.Tensor2D[];
        return { y: y!, saved: { x, scale: scale! } };
      }
      const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), epsilon)) as tf.Tensor2D;
      return { y: tf.mul(tf.mul(x, scale), columns()) as tf.Tensor2D, saved: { x, scale } };
    },
    backward(dy, { x, scale }) {
      const normalised = tf.mul(x, scale);
      const dNormalised = tf.mul(dy, columns());
      const along = tf.mul(normalised, tf.mean(tf.mul(dNormalised, normalised), 1, true));
      return {
        x: tf.mul(tf.sub(dNormalised, along), scale) as tf.Tensor2D,
        parameters: { weight: () => tf.sum(tf.mul(dy, normalised), 0) },
      };
    },
  };
}
