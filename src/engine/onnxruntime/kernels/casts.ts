import type * as tf from '@tensorflow/tfjs-core';
import type { ElementType } from '../binding.ts';
import { type Kernels, typeOf } from '../kernel.ts';
import { DATA_TYPE } from '../onnx-model.ts';
import { type Operand, record } from '../trace.ts';

/** The same numbers as another type; the operand itself where it already has it. */
export function cast(x: Operand, type: ElementType): Operand {
  if (typeOf(x) === type) return x;
  if (typeOf(x) === 'float32' && type === 'int32') return cast(cast(x, 'int64'), 'int32');
  return record('Cast', [x], x.shape, type, { attributes: { to: DATA_TYPE[type] } });
}

/**
 * From float32 to int32 there is a step between: JavaScript's conversion is modulo 2^32 and makes 0 of NaN and the
 * infinities, and so does this; directly, the processor would answer with the smallest integer.
 */
export const castKernels: Kernels = {
  Cast: ({ x }, { dtype }: tf.CastAttrs) =>
    dtype === 'string' || dtype === 'complex64' ? undefined : cast(x!, dtype as ElementType),
};
