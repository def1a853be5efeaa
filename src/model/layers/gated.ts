import * as tf from '@tensorflow/tfjs-core';
import { gelu, geluGradient } from './gelu.ts';
import { silu, siluGradient } from './silu.ts';

/** A function of single numbers, and its way back: `y` is what it made of `x`. */
interface Activation {
  forward(x: tf.Tensor2D): tf.Tensor2D;
  backward(dy: tf.Tensor2D, x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D;
}

const ACTIVATIONS = {
  silu: { forward: silu, backward: siluGradient },
  gelu: { forward: gelu, backward: geluGradient },
} as const satisfies Readonly<Record<string, Activation>>;

/** Names of what gates: SwiGLU and GeGLU (Shazeer, https://arxiv.org/abs/2002.05202). */
export type GateName = keyof typeof ACTIVATIONS;

/** activation(gate) · up, element by element; both [N, F]. */
export function gated(gate: tf.Tensor2D, up: tf.Tensor2D, by: GateName): tf.Tensor2D {
  return tf.mul(ACTIVATIONS[by].forward(gate), up);
}

/** The gradients with respect to both, given that of the result. */
export function gatedGradient(
  dy: tf.Tensor2D,
  gate: tf.Tensor2D,
  up: tf.Tensor2D,
  by: GateName,
): { gate: tf.Tensor2D; up: tf.Tensor2D } {
  const activation = ACTIVATIONS[by];
  const opened = activation.forward(gate); // again: it would be a part of what is saved, and takes little time
  return { gate: activation.backward(tf.mul(dy, up), gate, opened), up: tf.mul(dy, opened) };
}
