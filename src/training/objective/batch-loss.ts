import * as tf from '@tensorflow/tfjs-core';
import { type Batch, collate } from '../../batch/collate.ts';
import { countTargets, EXACT, FEW_SHAPES, type PackedBatch, packBatch } from '../../batch/packed-batch.ts';
import { StageError } from '../../contract/stage-context.ts';
import { addGradients, batchLoss, type GradientOptions } from '../../model/network/batch-gradients.ts';
import type { CausalModel } from '../../model/network/causal-model.ts';
import { type DropoutRates, dropout } from '../../model/network/dropout.ts';
import { compilesShapes } from '../../model/network/engine-kernels.ts';
import type { Gradients, Pause } from '../../model/network/training-pass.ts';
import type { TrainingData, TrainingOptions } from '../state/training-state.ts';

/** The batch of some texts of either data set, by their indices. */
export function collated(
  part: 'train' | 'validation',
  indices: ArrayLike<number>,
  data: Omit<TrainingData, 'samplePrompt'>,
  { maxLength }: Pick<TrainingOptions, 'maxLength'>,
): Batch {
  const chosen = <Item>(items: readonly Item[]) => Array.from(indices, (index) => items[index]!);
  return collate(chosen(data[part]), {
    padToken: data.endOfText,
    maxLength,
    ...(data.promptLengths && { promptLengths: chosen(data.promptLengths[part]) }),
    ...(data.counted && { counted: chosen(data.counted[part]) }),
  });
}

/**
 * Mean loss in nats over the counted targets of a batch, of which there must be one, taken `rowsAtOnce` texts at a time: that
 * of PyTorch's cross_entropy with `ignore_index`.
 */
export async function meanLoss(
  model: CausalModel,
  batch: Batch,
  rowsAtOnce: number,
  pause: Pause,
): Promise<number> {
  return await overParts(batch, rowsAtOnce, pause, (part, weight, pausePart) =>
    batchLoss(model, part, weight, pausePart),
  );
}

/**
 * The same loss and its gradients, which do not depend on `rowsAtOnce` beyond rounding: each part counts by its
 * targets, and what is dropped depends on its place in the batch. The caller disposes of `sums`, an empty map that is
 * filled, also where this fails.
 */
export async function meanLossGradients(
  model: CausalModel,
  batch: Batch,
  rowsAtOnce: number,
  sums: Gradients,
  pause: Pause,
  { dropping, keeps }: LossGradientOptions = {},
): Promise<number> {
  return await overParts(batch, rowsAtOnce, pause, (part, weight, pausePart, firstText) => {
    const dropped = dropping && dropout(dropping.rates, dropping.stream, part, firstText);
    return addGradients(model, part, weight, sums, pausePart, { dropout: dropped, keeps });
  });
}

export interface LossGradientOptions extends Pick<GradientOptions, 'keeps'> {
  readonly dropping?: Dropping;
}

/** How much is dropped, and the name of the random numbers that say what. */
export interface Dropping {
  readonly rates: DropoutRates;
  readonly stream: string;
}

/** Throws StageError if a loss is not finite. */
export function checkFinite(loss: number, which: string): void {
  if (Number.isFinite(loss)) return;
  throw new StageError(`The loss ${which} is ${loss}: the training has diverged.`, {
    hint: 'Lower `learning_rate` (a tenth of it is a good first try), and check that the starting weights are sound.',
  });
}

async function overParts(
  batch: Batch,
  rowsAtOnce: number,
  pause: Pause,
  lossOf: (part: PackedBatch, weight: number, pause: Pause, firstText: number) => Promise<tf.Scalar>,
): Promise<number> {
  const count = countTargets(batch);
  if (count === 0) throw new Error('a batch in which no target counts has no loss');
  const weight = 1 / count;
  let sum = 0;
  await eachPart(batch, rowsAtOnce, pause, async (part, pausePart, firstText) => {
    const loss = await lossOf(part, weight, pausePart, firstText);
    sum += (await loss.data())[0]!;
    tf.dispose(loss);
  });
  return sum;
}

/** Takes a batch `rowsAtOnce` texts at a time, packed; `visit` gets the number of the part's first text in the batch. */
export async function eachPart(
  batch: Batch,
  rowsAtOnce: number,
  pause: Pause,
  visit: (part: PackedBatch, pause: Pause, firstText: number) => Promise<void>,
): Promise<void> {
  const parts = partsOf(batch, rowsAtOnce);
  for (const [done, part] of parts.entries()) {
    const packed = packBatch(part, compilesShapes() ? FEW_SHAPES : EXACT);
    await visit(packed, (share) => pause((done + share) / parts.length), done * rowsAtOnce);
  }
}

function partsOf({ inputs, targets, rows, length }: Batch, rowsAtOnce: number): Batch[] {
  const parts: Batch[] = [];
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const to = Math.min(rows, from + rowsAtOnce);
    const some = (all: Int32Array) => all.subarray(from * length, to * length);
    parts.push({ inputs: some(inputs), targets: some(targets), rows: to - from, length });
  }
  return parts;
}
