import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** Numbers between -1 and 1 that look random and are always the same. */
export function numbers<Shape extends number[]>(...shape: Shape): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * size)),
    shape,
  );
}

/** Compares two tensors of one shape, element by element. */
export async function expectClose(actual: tf.Tensor, expected: tf.Tensor, tolerance = 2e-6): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  const [found, wanted] = [await actual.data(), await expected.data()];
  const furthest = Math.max(...Array.from(wanted, (value, i) => Math.abs(value - found[i]!)));
  expect(furthest).toBeLessThan(tolerance);
}
