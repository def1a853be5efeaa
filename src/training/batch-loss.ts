import * as tf from '@tensorflow/tfjs-core';
import { StageError } from '../contract/stage-context.ts';
import { type Batch, collate } from '../text/collate.ts';
import type { TrainingData, TrainingOptions } from './training-state.ts';

/** The batch of some texts, by their indices. */
export function collated(
  texts: readonly Int32Array[],
  indices: ArrayLike<number>,
  { endOfText }: TrainingData,
  { maxLength }: TrainingOptions,
): Batch {
  const chosen = Array.from(indices, (index) => texts[index]!);
  return collate(chosen, { padToken: endOfText, maxLength });
}

/** Hands a batch to a function as int32 tensors [rows, length] and frees them afterwards. */
export function withTensors<Result>(
  { inputs, targets, rows, length }: Batch,
  compute: (ids: tf.Tensor2D, targets: tf.Tensor2D) => Result,
): Result {
  const tensors = [inputs, targets].map((ids) => tf.tensor2d(ids, [rows, length], 'int32'));
  try {
    return compute(tensors[0]!, tensors[1]!);
  } finally {
    tf.dispose(tensors);
  }
}

/** The loss in nats; frees the tensor. Throws StageError where it is not finite. */
export async function finiteLoss(tensor: tf.Scalar, which: string): Promise<number> {
  const [loss] = await tensor.data();
  tensor.dispose();
  if (Number.isFinite(loss)) return loss!;
  throw new StageError(`The loss ${which} is ${loss}: the training has diverged.`, {
    hint: 'Lower `learning_rate` (a tenth of it is a good first try), and check that the starting weights are sound.',
  });
}
