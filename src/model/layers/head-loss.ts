import * as tf from '@tensorflow/tfjs-core';
import { flush } from '../network/engine-kernels.ts';

/** What the gradient of the loss needs of its forward pass. */
export type HeadLossSaved = {
  readonly hidden: tf.Tensor2D;
  /** Probability of each token of the vocabulary [M, V]. */
  readonly probabilities: tf.Tensor2D;
};

/** The tokens to be predicted. */
export type Targets = {
  /** [M] int32 */
  readonly tokens: tf.Tensor1D;
  /** Where target i is among the M × V probabilities: i · V + token [M] int32. */
  readonly places: tf.Tensor1D;
};

/** A target that is less likely than this counts as if it were as likely: float32 has no much smaller numbers. */
const SMALLEST = 1e-37;

/** Cross-entropies in nats [M] of softmax(hidden · Wᵀ), with hidden [M, C] and the head's W [V, C]. */
export function headLosses(
  hidden: tf.Tensor2D,
  weight: tf.Tensor,
  { places }: Targets,
): { losses: tf.Tensor1D; saved: HeadLossSaved } {
  const logits = tf.matMul(hidden, weight as tf.Tensor2D, false, true); // [M, V]
  // As results, these two largest of all arrays use memory that serves the next batch too; an intermediate result of this
  // size, a little different in each batch, would make holes in the heap.
  flush();
  const probabilities = tf.softmax(logits) as tf.Tensor2D;
  logits.dispose();
  flush();
  const chosen = tf.gather(tf.reshape(probabilities, [-1]), places); // [M]
  const losses = tf.neg(tf.log(tf.maximum(chosen, SMALLEST))) as tf.Tensor1D;
  return { losses, saved: { hidden, probabilities } };
}

/** Σ weight · loss, with the losses [M] and their weights [M, 1]. */
export function weightedSum(losses: tf.Tensor1D, weights: tf.Tensor2D): tf.Scalar {
  return tf.sum(tf.mul(losses, tf.reshape(weights, [-1]))) as tf.Scalar;
}

/**
 * The gradients of that sum. With P the probabilities, H the hidden states, D the diagonal of the weights and y the
 * targets, dH = D (P W - W[y]) and dW = Pᵀ (D H) - (rows of D H added up by y): one-hot targets [M, V] and their
 * difference from P, each as large as P, are never made. Of dW only the product is returned, on request:
 * `targetRows`, the rows of - D H, are still to be added to it.
 */
export function headLossGradients(
  { hidden, probabilities }: HeadLossSaved,
  weight: tf.Tensor,
  { tokens }: Targets,
  weights: tf.Tensor2D,
): { hidden: tf.Tensor2D; weight: () => tf.Tensor2D; targetRows: tf.Tensor2D } {
  const expected = tf.matMul(probabilities, weight as tf.Tensor2D); // [M, C]
  const weighted = tf.mul(hidden, weights) as tf.Tensor2D; // D H
  return {
    hidden: tf.mul(tf.sub(expected, tf.gather(weight, tokens)), weights) as tf.Tensor2D,
    weight: () => tf.matMul(probabilities, weighted, true, false),
    targetRows: tf.neg(weighted) as tf.Tensor2D,
  };
}
