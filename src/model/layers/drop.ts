import type * as tf from '@tensorflow/tfjs-core';

/**
 * Multiplies with a fixed mask: some elements become zero and the others larger, or nothing happens at all. Since it
 * is the same mask each time, this takes a gradient back as it takes values forward.
 */
export type Drop = <T extends tf.Tensor>(x: T) => T;

/** Drops nothing. */
export const keep: Drop = (x) => x;
