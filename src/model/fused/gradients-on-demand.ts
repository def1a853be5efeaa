import type * as tf from '@tensorflow/tfjs-core';

/**
 * Gradients with respect to parameters, by name, each computed when it is asked for: nobody asks for those of
 * parameters that are not trained.
 */
export type GradientsOnDemand = Record<string, () => tf.Tensor>;
