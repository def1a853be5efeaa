import type { Evaluation } from './history.ts';

/** When a training ends before its last epoch. */
export interface EarlyStopping {
  /** Evaluations in a row without an improvement of the validation loss. */
  readonly patience: number;
  /** An improvement is a loss that is lower than the lowest before by more than this. */
  readonly minDelta: number;
}

/**
 * Whether the validation loss has stopped improving, as tf.keras.callbacks.EarlyStopping finds it. All that this
 * depends on is the history, so a training that continues from a checkpoint stops where it would have stopped.
 */
export function stopsEarly(history: readonly Evaluation[], { patience, minDelta }: EarlyStopping): boolean {
  let lowest = Number.POSITIVE_INFINITY;
  let waited = 0;
  for (const { validationLoss } of history) {
    if (validationLoss < lowest - minDelta) {
      lowest = validationLoss;
      waited = 0;
    } else {
      waited += 1;
    }
  }
  return waited >= patience;
}

/** Evaluations that a training of `updates` updates makes after its first update. */
export function evaluationsIn(updates: number, evalEvery: number): number {
  return Math.ceil(updates / evalEvery);
}
