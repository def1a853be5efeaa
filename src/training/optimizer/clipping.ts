import * as tf from '@tensorflow/tfjs-core';

/** Euclidean norm of all gradients together. */
export async function gradientNorm(gradients: Iterable<tf.Tensor>): Promise<number> {
  let sum = 0;
  for (const gradient of gradients) {
    const square = tf.tidy(() => tf.sum(tf.square(gradient)));
    sum += (await square.data())[0]!;
    square.dispose();
  }
  return Math.sqrt(sum);
}

/**
 * What gradients of this norm are multiplied by so that it becomes `maxNorm` at most: the factor of
 * torch.nn.utils.clip_grad_norm_, whose small term keeps it finite where the norm is zero.
 */
export function clippingFactor(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}
