import * as tf from '@tensorflow/tfjs-core';
import type { PackedBatch } from '../../batch/packed-batch.ts';
import type { Grid } from '../layers/attention.ts';
import { causalMask } from '../layers/causal-mask.ts';
import { rowsAtOnce, type Targets } from '../layers/head-loss.ts';
import type { CausalModel } from './causal-model.ts';
import { type Positions, positionsOf } from './positions.ts';

/** What the forward pass needs of a packed batch. */
export type InputTensors = {
  readonly ids: tf.Tensor1D; // [N]
  readonly positions: Positions;
  readonly grid: Grid;
  /** The grid of blocks that look back only so far, where that is not to the first token of every text. */
  readonly windowed?: Grid;
  readonly counted: tf.Tensor1D; // [M]
};

/** A packed batch as tensors. */
export type BatchTensors = InputTensors & {
  readonly targets: Targets; // [M]
  readonly targetOfRow: tf.Tensor1D; // [N]
};

/** The tensors of a batch whose targets are not known, of texts that continue `before` tokens. The caller disposes of them. */
export function inputTensors(model: CausalModel, batch: PackedBatch, before = 0): InputTensors {
  const { texts, length } = batch;
  const { window = Infinity } = model;
  const places = {
    texts,
    length,
    rowOfPlace: integers(batch.rowOfPlace),
    placeOfRow: integers(batch.placeOfRow),
  };
  return {
    ids: integers(batch.ids),
    positions: positionsOf(
      model.config,
      batch.positions.map((position) => position + before),
    ),
    grid: { ...places, mask: causalMask(length, { before }) },
    ...(window < before + length && {
      windowed: { ...places, mask: causalMask(length, { before, window }) },
    }),
    counted: integers(batch.counted),
  };
}

/** The grid of a block that looks back so far, or to the first token. */
export function gridOf({ grid, windowed = grid }: InputTensors, window: number | undefined): Grid {
  return window === undefined ? grid : windowed;
}

/** The tensors of a batch. The caller disposes of them. */
export function batchTensors(model: CausalModel, batch: PackedBatch): BatchTensors {
  const { vocab_size } = model.config;
  const rows = rowsAtOnce(batch.targets.length, vocab_size);
  const places = batch.targets.map((token, i) => (i % rows) * vocab_size + token);
  return {
    ...inputTensors(model, batch),
    targets: { tokens: integers(batch.targets), places: integers(places), rowsAtOnce: rows },
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
