import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../engine-kernels.ts';

/** `base` [R, C] with row i of `updates` [N, C] added to row rows[i]; a row may occur many times. */
export function addRows(base: tf.Tensor2D, rows: tf.Tensor1D, updates: tf.Tensor2D): tf.Tensor2D {
  if (hasKernel('ScatterAddRows'))
    return runKernel('ScatterAddRows', { base, rows, updates })[0] as tf.Tensor2D;
  return tf.add(base, tf.unsortedSegmentSum(updates, rows, base.shape[0]));
}
