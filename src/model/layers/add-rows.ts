import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../network/engine-kernels.ts';

/**
 * `base` [R, C] with row i of `updates` [N, C] added to row rows[i]; a row may occur many times. Takes `base` over:
 * where the engine can, it is changed where it is stored, because a matrix for the whole vocabulary is large.
 */
export function addRows(base: tf.Tensor2D, rows: tf.Tensor1D, updates: tf.Tensor2D): tf.Tensor2D {
  if (hasKernel('AddRows')) {
    runKernel('AddRows', { base, rows, updates });
    return base;
  }
  const sum = tf.tidy(() => tf.add(base, tf.unsortedSegmentSum(updates, rows, base.shape[0])) as tf.Tensor2D);
  base.dispose();
  return sum;
}
