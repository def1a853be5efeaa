import type { Gradients, Pause } from '../../model/network/training-pass.ts';

/** The two data sets of a training. */
export type Part = 'train' | 'validation';

/** What is measured on some examples: the loss that is minimised, and what else an objective reports, by name. */
export interface Measures extends Readonly<Record<string, number>> {
  readonly loss: number;
}

/** What a training minimises. Examples are known by their indices in their data set. */
export interface Objective {
  /** Means over some examples. */
  measure(part: Part, examples: ArrayLike<number>, pause: Pause): Promise<Measures>;
  /**
   * The loss of the examples of the update after `earlier` ones, their tokens, padding included, and the gradients of that
   * loss, which fill `sums`, an empty map. The caller disposes of these, also where this fails.
   */
  gradients(
    examples: ArrayLike<number>,
    earlier: number,
    sums: Gradients,
    pause: Pause,
  ): Promise<{ readonly loss: number; readonly tokens: number }>;
}
