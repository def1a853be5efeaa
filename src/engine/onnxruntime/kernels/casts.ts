import type * as tf from '@tensorflow/tfjs-core';
import type { ElementType } from '../binding.ts';
import { DATA_TYPE } from '../graph/onnx-model.ts';
import { type Operand, record } from '../graph/trace.ts';
import { type Kernels, typeOf } from '../kernel.ts';

/** The same numbers as another type; the operand itself where it already has it. */
export function cast(x: Operand, type: ElementType): Operand {
  if (typeOf(x) === type) return x;
  return typeOf(x) === 'float32' && type === 'int32' ? toInt32(x) : convert(x, type);
}

function convert(x: Operand, type: ElementType): Operand {
  return record('Cast', [x], x.shape, type, { attributes: { to: DATA_TYPE[type] } });
}

const LOW_BITS = { constant: [2 ** 32 - 1], type: 'int64', shape: [] } as const;

/**
 * JavaScript's conversion, which is TensorFlow.js's, is modulo 2^32, and makes 0 of NaN and the infinities. A
 * processor's would make the smallest integer of all these; of int64 it does, whose low bits are 0. The library
 * leaves out a conversion between two others, but not the mask.
 */
function toInt32(x: Operand): Operand {
  return convert(record('BitwiseAnd', [convert(x, 'int64'), LOW_BITS], x.shape, 'int64'), 'int32');
}

export const castKernels: Kernels = {
  Cast: ({ x }, { dtype }: tf.CastAttrs) =>
    dtype === 'string' || dtype === 'complex64' ? undefined : cast(x!, dtype as ElementType),
};
