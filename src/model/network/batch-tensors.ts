import * as tf from '@tensorflow/tfjs-core';
import type { PackedBatch } from '../../batch/packed-batch.ts';
import type { Grid } from '../layers/attention.ts';
import { causalMask } from '../layers/causal-mask.ts';
import type { Targets } from '../layers/head-loss.ts';

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

/** The tensors of a batch. The caller disposes of them. */
export function batchTensors(batch: PackedBatch, vocabulary: number): BatchTensors {
  const places = batch.targets.map((token, i) => i * vocabulary + token);
  return {
    ...inputTensors(batch),
    targets: { tokens: integers(batch.targets), places: integers(places) },
    targetOfRow: integers(batch.targetOfRow),
  };
}

/** Weights of the counted targets as a column [M, 1]; targets that fill up have none. The caller disposes of it. */
export function weightColumn({ counted, count }: PackedBatch, weights: number | Float32Array): tf.Tensor2D {
  const column = new Float32Array(counted.length);
  if (typeof weights === 'number') column.fill(weights, 0, count);
  else column.set(weights);
  return tf.tensor2d(column, [counted.length, 1]);
}

function integers(values: Int32Array): tf.Tensor1D {
  return tf.tensor1d(values, 'int32');
}
