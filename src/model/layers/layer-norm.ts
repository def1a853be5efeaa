import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../network/engine-kernels.ts';
import type { NormLayer } from './norm.ts';

/** Normalises each row, then scales and shifts its columns (Ba et al., https://arxiv.org/abs/1607.06450). */
export function layerNorm(weight: tf.Tensor, bias: tf.Tensor, epsilon: number): NormLayer {
  return {
    forward(x) {
      if (hasKernel('LayerNorm')) {
        const [y, mean, scale] = runKernel('LayerNorm', { x, weight, bias }, { epsilon }) as tf.Tensor2D[];
        return { y: y!, saved: { x, mean: mean!, scale: scale! } };
      }
      const mean = tf.mean(x, 1, true) as tf.Tensor2D;
      const centred = tf.sub(x, mean);
      const variance = tf.mean(tf.square(centred), 1, true);
      const scale = tf.rsqrt(tf.add(variance, epsilon)) as tf.Tensor2D;
      const y = tf.add(tf.mul(tf.mul(centred, scale), weight), bias) as tf.Tensor2D;
      return { y, saved: { x, mean, scale } };
    },
    backward(dy, { x, mean, scale }) {
      const normalised = tf.mul(tf.sub(x, mean!), scale);
      const dNormalised = tf.mul(dy, weight);
      const along = tf.mul(normalised, tf.mean(tf.mul(dNormalised, normalised), 1, true));
      const across = tf.sub(dNormalised, tf.mean(dNormalised, 1, true));
      return {
        x: tf.mul(tf.sub(across, along), scale) as tf.Tensor2D,
        parameters: {
          weight: () => tf.sum(tf.mul(dy, normalised), 0),
          bias: () => tf.sum(dy, 0),
        },
      };
    },
  };
}
