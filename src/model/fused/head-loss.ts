import * as tf from '@tensorflow/tfjs-core';
import { addRows } from './add-rows.ts';

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
  /** Weight of each target in the loss [M, 1]. */
  readonly weights: tf.Tensor2D;
};

/** Σ weight · cross-entropy in nats of softmax(hidden · Wᵀ), with hidden [M, C] and the head's W [V, C]. */
export function headLoss(
  hidden: tf.Tensor2D,
  weight: tf.Tensor,
  { tokens, weights }: Targets,
): { loss: tf.Scalar; saved: HeadLossSaved } {
  const logits = tf.matMul(hidden, weight as tf.Tensor2D, false, true); // [M, V]
  const probabilities = tf.softmax(logits) as tf.Tensor2D;
  // Its logarithm is that of the sum: the largest probability, unlike that of the target, is never rounded to 0.
  const largest = tf.max(probabilities, 1, true);
  const logSum = tf.sub(tf.max(logits, 1, true), tf.log(largest)); // [M, 1]
  const chosen = tf.sum(tf.mul(hidden, tf.gather(weight, tokens)), 1, true); // logits of the targets [M, 1]
  const loss = tf.sum(tf.mul(tf.sub(logSum, chosen), weights)) as tf.Scalar;
  return { loss, saved: { hidden, probabilities } };
}

/**
 * The gradients of the loss. With P the probabilities, H the hidden states, D the diagonal of the weights and y the
 * targets, dH = D (P W - W[y]) and dW = Pᵀ (D H) - (rows of D H added up by y): one-hot targets [M, V] and their
 * difference from P, each as large as P, are never made.
 */
export function headLossGradients(
  { hidden, probabilities }: HeadLossSaved,
  weight: tf.Tensor,
  { tokens, weights }: Targets,
): { hidden: tf.Tensor2D; weight: tf.Tensor2D } {
  const expected = tf.matMul(probabilities, weight as tf.Tensor2D); // [M, C]
  const weighted = tf.mul(hidden, weights) as tf.Tensor2D; // D H
  return {
    hidden: tf.mul(tf.sub(expected, tf.gather(weight, tokens)), weights) as tf.Tensor2D,
    weight: addRows(tf.matMul(probabilities, weighted, true, false), tokens, tf.neg(weighted)),
  };
}
