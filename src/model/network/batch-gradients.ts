import * as tf from '@tensorflow/tfjs-core';
import type { PackedBatch } from '../../batch/packed-batch.ts';
import { weightedSum } from '../layers/head-loss.ts';
import { weightColumn } from './batch-tensors.ts';
import type { CausalModel } from './causal-model.ts';
import { type Dropout, NO_DROPOUT } from './dropout.ts';
import { type Gradients, type Keeps, type Pause, TrainingPass } from './training-pass.ts';

/**
 * Weighted sum of the cross-entropies in nats of a batch's counted targets; with the weight 1 / count it is their
 * mean. The caller disposes of it.
 */
export async function batchLoss(
  model: CausalModel,
  batch: PackedBatch,
  weight: number,
  pause: Pause,
): Promise<tf.Scalar> {
  const pass = new TrainingPass(model, batch, NO_DROPOUT, pause, 'nothing');
  const weights = weightColumn(batch, weight);
  try {
    return await pass.forward((losses) => weightedSum(losses, weights));
  } finally {
    tf.dispose(weights);
    pass.dispose();
  }
}

/** How gradients are computed. */
export interface GradientOptions {
  readonly dropout?: Dropout | undefined;
  /** Decides memory and time alone. */
  readonly keeps?: Exclude<Keeps, 'nothing'> | undefined;
}

/**
 * The same loss, but for what is dropped, and its gradient with respect to each parameter that is trained, which is
 * added to what `sums` has of it. The caller disposes of the loss, and of the sums also where the pass fails.
 */
export async function addGradients(
  model: CausalModel,
  batch: PackedBatch,
  weight: number,
  sums: Gradients,
  pause: Pause,
  { dropout = NO_DROPOUT, keeps = 'everything' }: GradientOptions = {},
): Promise<tf.Scalar> {
  const pass = new TrainingPass(model, batch, dropout, pause, keeps);
  const weights = weightColumn(batch, weight);
  try {
    const loss = await pass.forward((losses) => weightedSum(losses, weights));
    await pass.backward(weights, sums).catch((error: unknown) => {
      loss.dispose();
      throw error;
    });
    return loss;
  } finally {
    tf.dispose(weights);
    pass.dispose();
  }
}

/** The cross-entropy in nats of each counted target of a batch. */
export async function targetLosses(
  model: CausalModel,
  batch: PackedBatch,
  pause: Pause,
): Promise<Float32Array> {
  const pass = new TrainingPass(model, batch, NO_DROPOUT, pause, 'nothing');
  try {
    return await countedLosses(pass, batch);
  } finally {
    pass.dispose();
  }
}

/**
 * The gradients of any function of the cross-entropies of a batch's counted targets, added to the sums: `derive` is given
 * these losses and gives the function's derivative with respect to each. The caller disposes of the sums also where the
 * pass fails.
 */
export async function addGradientsOf(
  derive: (losses: Float32Array) => Float32Array,
  model: CausalModel,
  batch: PackedBatch,
  sums: Gradients,
  pause: Pause,
  { keeps = 'everything' }: Pick<GradientOptions, 'keeps'> = {},
): Promise<void> {
  const pass = new TrainingPass(model, batch, NO_DROPOUT, pause, keeps);
  let weights: tf.Tensor2D | undefined;
  try {
    weights = weightColumn(batch, derive(await countedLosses(pass, batch)));
    await pass.backward(weights, sums);
  } finally {
    weights?.dispose();
    pass.dispose();
  }
}

async function countedLosses(pass: TrainingPass, { count }: PackedBatch): Promise<Float32Array> {
  const losses = await pass.forward((losses) => losses);
  try {
    return (await losses.data<'float32'>()).subarray(0, count);
  } finally {
    losses.dispose();
  }
}
