import * as tf from '@tensorflow/tfjs-core';
import type { Grid } from './fused/attention.ts';
import { causalMask } from './fused/causal-mask.ts';
import type { Targets } from './fused/head-loss.ts';
import type { PackedBatch } from './packed-batch.ts';

/** What the forward pass needs of a packed batch. */
export type InputTensors = {
  readonly ids: tf.Tensor1D; // [N]
  readonly positions: tf.Tensor1D; // [N]
  readonly grid: Grid;
  readonly counted: tf.Tensor1D; // [M]
};

/** A packed batch as tensors. */
export type BatchTensors = InputTensors & {
  readonly targets: Targets; // [M]
  readonly targetOfRow: tf.Tensor1D; // [N]
};

/** The tensors of a batch whose targets are not known. The caller disposes of them. */
export function inputTensors(batch: PackedBatch): InputTensors {
  const { texts, length } = batch;
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
    counted: integers(batch.counted),
  };
}

/** The tensors of a batch in which each counted target has the same weight. The caller disposes of them. */
export function batchTensors(batch: PackedBatch, vocabulary: number, weight: number): BatchTensors {
  const { counted, count } = batch;
  const places = batch.targets.map((token, i) => i * vocabulary + token);
  const weights = new Float32Array(counted.length).fill(weight, 0, count);
  return {
    ...inputTensors(batch),
    targets: {
      tokens: integers(batch.targets),
      places: integers(places),
      weights: tf.tensor2d(weights, [counted.length, 1]),
    },
    targetOfRow: integers(batch.targetOfRow),
  };
}

function integers(values: Int32Array): tf.Tensor1D {
  return tf.tensor1d(values, 'int32');
}
