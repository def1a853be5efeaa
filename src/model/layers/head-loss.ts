import * as tf from '@tensorflow/tfjs-core';
import { flush } from '../network/engine-kernels.ts';

/** What the gradient of the loss needs of its forward pass. */
export type HeadLossSaved = {
  readonly hidden: tf.Tensor2D;
  /** Probability of each token of the vocabulary [M, V]; where that is made in slices, they are made again. */
  readonly probabilities?: tf.Tensor2D;
};

/** The tokens to be predicted. */
export type Targets = {
  /** [M] int32 */
  readonly tokens: tf.Tensor1D;
  /** Where target i is among the probabilities of its slice, row by row: i mod `rowsAtOnce` · V + token [M] int32. */
  readonly places: tf.Tensor1D;
  /** How many rows of M × V probabilities there are at a time. */
  readonly rowsAtOnce: number;
};

/** As many numbers as an array of probabilities may have (0.27 GB), and those of a slice where there would be more. */
const MOST = 2 ** 26;
const IN_SLICE = 2 ** 25;

/**
 * Into how many rows M × V probabilities are cut: as many as there are, where that is no large array. Sizes are multiples of
 * 16, as those of batches are, and of at most two kinds.
 */
export function rowsAtOnce(M: number, V: number): number {
  if (M * V <= MOST) return M;
  const slices = Math.ceil((M * V) / IN_SLICE);
  return Math.max(16, Math.ceil(M / slices / 16) * 16);
}

/** A target that is less likely than this counts as if it were as likely: float32 has no much smaller numbers. */
const SMALLEST = 1e-37;

/** Cross-entropies in nats [M] of softmax(hidden · Wᵀ), with hidden [M, C] and the head's W [V, C]. */
export function headLosses(
  hidden: tf.Tensor2D,
  weight: tf.Tensor,
  targets: Targets,
): { losses: tf.Tensor1D; saved: HeadLossSaved } {
  const slices = slicesOf(hidden, targets);
  if (slices.length === 1) {
    const probabilities = probabilitiesOf(hidden, weight);
    return { losses: lossesOf(probabilities, targets.places), saved: { hidden, probabilities } };
  }
  const losses = slices.map(({ start, rows }) => {
    const part = tf.tidy(() => {
      const probabilities = probabilitiesOf(tf.slice(hidden, [start, 0], [rows, -1]), weight);
      return lossesOf(probabilities, tf.slice(targets.places, start, rows));
    });
    flush();
    return part;
  });
  return { losses: tf.concat(losses), saved: { hidden } };
}

/** Σ weight · loss, with the losses [M] and their weights [M, 1]. */
export function weightedSum(losses: tf.Tensor1D, weights: tf.Tensor2D): tf.Scalar {
  return tf.sum(tf.mul(losses, tf.reshape(weights, [-1]))) as tf.Scalar;
}

/**
 * The gradients of that sum. With P the probabilities, H the hidden states, D the diagonal of the weights and y the
 * targets, dH = D (P W - W[y]) and dW = Pᵀ (D H) - (rows of D H added up by y): one-hot targets [M, V] and their
 * difference from P, each as large as P, are never made. Of dW only the product is returned, on request:
 * `targetRows`, the rows of - D H, are still to be added to it. Where it is not `wanted`, nobody may request it.
 */
export function headLossGradients(
  saved: HeadLossSaved,
  weight: tf.Tensor,
  targets: Targets,
  weights: tf.Tensor2D,
  wanted: boolean,
): { hidden: tf.Tensor2D; weight: () => tf.Tensor2D; targetRows: tf.Tensor2D } {
  const { hidden } = saved;
  const weighted = tf.mul(hidden, weights) as tf.Tensor2D; // D H
  const { expected, product } = saved.probabilities
    ? productsOf(saved.probabilities, weight, weighted)
    : slicedProducts(hidden, weight, targets, weighted, wanted);
  return {
    hidden: tf.mul(tf.sub(expected, tf.gather(weight, targets.tokens)), weights) as tf.Tensor2D,
    weight: product,
    targetRows: tf.neg(weighted) as tf.Tensor2D,
  };
}

/** P W [M, C], and on request Pᵀ (D H) [V, C]. */
interface Products {
  readonly expected: tf.Tensor2D;
  product(): tf.Tensor2D;
}

function productsOf(P: tf.Tensor2D, weight: tf.Tensor, weighted: tf.Tensor2D): Products {
  return {
    expected: tf.matMul(P, weight as tf.Tensor2D),
    product: () => tf.matMul(P, weighted, true, false),
  };
}

/** The same, with probabilities that are made again a slice at a time, so both products are made with each slice. */
function slicedProducts(
  hidden: tf.Tensor2D,
  weight: tf.Tensor,
  targets: Targets,
  weighted: tf.Tensor2D,
  wanted: boolean,
): Products {
  const expected: tf.Tensor2D[] = [];
  let sum: tf.Tensor2D | undefined;
  for (const { start, rows } of slicesOf(hidden, targets)) {
    const made = tf.tidy(() => {
      const P = probabilitiesOf(tf.slice(hidden, [start, 0], [rows, -1]), weight);
      const part = productsOf(P, weight, tf.slice(weighted, [start, 0], [rows, -1]));
      return { expected: part.expected, product: wanted ? part.product() : undefined };
    });
    flush();
    expected.push(made.expected);
    sum = sum && made.product ? sumOf(sum, made.product) : made.product;
  }
  return { expected: tf.concat(expected), product: () => sum! };
}

/** Takes both over: they are as large as the head, so their sum is written over one of them. */
function sumOf(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const sum = tf.add(a, b) as tf.Tensor2D;
  tf.dispose([a, b]);
  flush();
  return sum;
}

function slicesOf({ shape }: tf.Tensor2D, { rowsAtOnce }: Targets): { start: number; rows: number }[] {
  const slices: { start: number; rows: number }[] = [];
  for (let start = 0; start < shape[0]; start += rowsAtOnce)
    slices.push({ start, rows: Math.min(rowsAtOnce, shape[0] - start) });
  return slices;
}

/** softmax(hidden · Wᵀ) [M, V]. */
function probabilitiesOf(hidden: tf.Tensor2D, weight: tf.Tensor): tf.Tensor2D {
  const logits = tf.matMul(hidden, weight as tf.Tensor2D, false, true); // [M, V]
  // As results, these two largest of all arrays use memory that serves the next batch too; an intermediate result of this
  // size, a little different in each batch, would make holes in the heap.
  flush();
  const probabilities = tf.softmax(logits) as tf.Tensor2D;
  logits.dispose();
  flush();
  return probabilities;
}

function lossesOf(probabilities: tf.Tensor2D, places: tf.Tensor1D): tf.Tensor1D {
  const chosen = tf.gather(tf.reshape(probabilities, [-1]), places); // [M]
  return tf.neg(tf.log(tf.maximum(chosen, SMALLEST))) as tf.Tensor1D;
}
