import type * as tf from '@tensorflow/tfjs-core';

/**
 * Gradients with respect to parameters, by name, each computed when it is requested: nobody requests those of
 * parameters that are not trained.
 */
export type GradientsOnDemand = Record<string, () => tf.Tensor>;

/** The same, by the names that they have in the whole that this is a part of. */
export function within(part: string, gradients: GradientsOnDemand): GradientsOnDemand {
  return Object.fromEntries(Object.entries(gradients).map(([name, one]) => [`${part}.${name}`, one]));
}
