import * as tf from '@tensorflow/tfjs-core';
import { ENGINES } from '../../engine/engines.ts';

/**
 * Kernels beyond TensorFlow.js's own that an engine may bring. Everything that uses one of them has plain
 * operations for the engines that lack it. All tensors are float32 but where int32 is said.
 *
 * - `LayerNorm` {x [N, C], weight [C], bias [C]}, {epsilon} -> y [N, C], mean [N, 1], 1 / deviation [N, 1]
 * - `RmsNorm` {x [N, C], weight [C]}, {epsilon} -> y [N, C], 1 / root of the mean square [N, 1]
 * - `FastGelu` {x} -> GELU in the tanh approximation, of the same shape
 * - `AdamWUpdate` {parameter, gradient, first, second}, {beta1, beta2, step, epsilon, keep, scale} -> nothing: changes the
 *   elements of `parameter`, `first` and `second` where they are stored, by the gradient times `scale`; throws where one
 *   has a clone
 * - `AddRows` {base [R, C], rows [N] int32, updates [N, C]} -> nothing: adds updates[i] to row rows[i] of `base` where
 *   it is stored; throws where `base` has a clone
 * - `WriteSlot` {base [..., S, D], values [..., 1, D]}, {slot} -> nothing: overwrites row `slot` of each of the matrices of
 *   `base` where it is stored; throws where `base` has a clone
 * - `Flush` {} -> nothing: computes, or begins to, what the engine has only recorded so far
 */
export type EngineKernel =
  | 'LayerNorm'
  | 'RmsNorm'
  | 'FastGelu'
  | 'AdamWUpdate'
  | 'AddRows'
  | 'WriteSlot'
  | 'Flush';

/** Whether the current engine brings a kernel. */
export function hasKernel(name: EngineKernel): boolean {
  return tf.getKernel(name, tf.getBackend()) != null;
}

/** Runs a kernel that the current engine brings, and returns its outputs. */
export function runKernel(
  name: EngineKernel,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: Readonly<Record<string, number>> = {},
): tf.Tensor[] {
  const outputs: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, { ...inputs }, { ...attributes });
  return Array.isArray(outputs) ? outputs : [outputs];
}

/**
 * Lets an engine that only records operations compute what was recorded so far. Between two calls is what
 * becomes one compiled graph: parts of a computation that are alike share it, and what is not needed after a part
 * takes no memory beyond it.
 */
export function flush(): void {
  if (hasKernel('Flush')) runKernel('Flush', {});
}

const COMPILING: ReadonlySet<string> = new Set(
  Object.values(ENGINES).flatMap(({ compilesShapes, backend }) => (compilesShapes ? [backend] : [])),
);

/** Whether the current engine keeps a compiled graph or buffers for each combination of shapes, so that few of them should occur. */
export function compilesShapes(): boolean {
  return COMPILING.has(tf.getBackend());
}
