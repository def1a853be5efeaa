import * as tf from '@tensorflow/tfjs-core';
import type { Drop } from './drop.ts';
import type { LinearLayer } from './linear.ts';

/** The change of a matrix [out, in] as a product of two narrow ones: scaling · B · A. */
export interface LowRankPair {
  /** A [rank, in] and B [out, rank], as PEFT stores them. */
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
  readonly scaling: number;
}

/**
 * A linear layer with a low-rank adapter (Hu et al., https://arxiv.org/abs/2106.09685):
 * layer(x) + scaling · drop(x) · Aᵀ · Bᵀ.
 */
export function adapted(layer: LinearLayer, { a, b, scaling }: LowRankPair, drop: Drop): LinearLayer {
  const [A, B] = [a as tf.Tensor2D, b as tf.Tensor2D];
  const narrow = (dropped: tf.Tensor2D): tf.Tensor2D => tf.mul(tf.matMul(dropped, A, false, true), scaling); // [N, rank]
  return {
    forward: (x) => tf.add(layer.forward(x), tf.matMul(narrow(drop(x)), B, false, true)),
    backward(dy, x) {
      const dropped = drop(x);
      const dNarrow = tf.mul(tf.matMul(dy, B), scaling) as tf.Tensor2D; // [N, rank]
      const through = layer.backward(dy, x);
      return {
        x: tf.add(through.x, drop(tf.matMul(dNarrow, A))),
        parameters: {
          ...through.parameters,
          'lora_A.weight': () => tf.matMul(dNarrow, dropped, true, false),
          'lora_B.weight': () => tf.matMul(dy, narrow(dropped), true, false),
        },
      };
    },
  };
}

/** The change that an adapter makes to the matrix of its layer, [in, out], or [out, in] where `turned`. */
export function lowRankChange({ a, b, scaling }: LowRankPair, turned: boolean): tf.Tensor2D {
  const [A, B] = [a as tf.Tensor2D, b as tf.Tensor2D];
  return tf.mul(turned ? tf.matMul(B, A) : tf.matMul(A, B, true, true), scaling);
}
