import * as tf from '@tensorflow/tfjs-core';
import type { Grid } from './fused/attention.ts';
import type { Targets } from './fused/head-loss.ts';
import type { PackedBatch } from './packed-batch.ts';

/** Added to the attention score of a token that must not be seen; exp() of it is exactly 0 in float32. */
const HIDDEN = -1e9;

/** A packed batch as tensors. */
export type BatchTensors = {
  readonly ids: tf.Tensor1D; // [N]
  readonly positions: tf.Tensor1D; // [N]
  readonly grid: Grid;
  readonly counted: tf.Tensor1D; // [M]
  readonly targets: Targets; // [M]
  readonly targetOfRow: tf.Tensor1D; // [N]
};

/** The tensors of a batch in which each counted target has the same weight. The caller disposes of them. */
export function batchTensors(batch: PackedBatch, vocabulary: number, weight: number): BatchTensors {
  const { texts, length, counted, count } = batch;
  const integers = (values: Int32Array) => tf.tensor1d(values, 'int32');
  const places = batch.targets.map((token, i) => i * vocabulary + token);
  const weights = new Float32Array(counted.length).fill(weight, 0, count);
  return {
    ids: integers(batch.ids),
    positions: integers(batch.positions),
    grid: {
      texts,
      length,
      rowOfPlace: integers(batch.rowOfPlace),
      placeOfRow: integers(batch.placeOfRow),
      mask: causalMask(length),
    },
    counted: integers(counted),
    targets: {
      tokens: integers(batch.targets),
      places: integers(places),
      weights: tf.tensor2d(weights, [counted.length, 1]),
    },
    targetOfRow: integers(batch.targetOfRow),
  };
}

/** [1, 1, T, T]: 0 where a token may see another, that is up to itself. */
function causalMask(T: number): tf.Tensor4D {
  const mask = new Float32Array(T * T).fill(HIDDEN);
  for (let i = 0; i < T; i++) mask.fill(0, i * T, i * T + i + 1);
  return tf.tensor4d(mask, [1, 1, T, T]);
}
