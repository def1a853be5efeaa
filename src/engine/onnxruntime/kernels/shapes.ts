import * as tf from '@tensorflow/tfjs-core';
import type { Operand } from '../graph/trace.ts';

/** The common shape of two operands. Throws if they cannot be broadcast. */
export function broadcastShape(a: Operand, b: Operand): number[] {
  return tf.broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
}

/** The axes that an attribute means, counted from the front. */
export function axesOf(axis: number | readonly number[], { shape }: Operand): number[] {
  return tf.util.parseAxisParam(axis as number | number[], [...shape]);
}

export function axisOf(axis: number, operand: Operand): number {
  return axesOf(axis, operand)[0]!;
}

/** A shape with the length of one axis replaced. */
export function withLength(shape: readonly number[], axis: number, length: number): number[] {
  return shape.map((original, i) => (i === axis ? length : original));
}
