import type { ElementType } from './binding.ts';
import type { Operand } from './graph/trace.ts';

/** Inputs by TensorFlow.js's names; of kernels that take any number of tensors, by '0', '1' and so on. */
export type Inputs = Readonly<Record<string, Operand>>;

/**
 * Records a kernel. Undefined if it does not cover these inputs, which are then left to the cpu backend.
 * Each names the type of its attributes itself, as TensorFlow.js declares it.
 */
export type RecordKernel<Attributes = never> = (
  inputs: Inputs,
  attributes: Attributes,
) => Operand | readonly Operand[] | undefined;

/** Kernels by TensorFlow.js's names. */
export type Kernels = Readonly<Record<string, RecordKernel>>;

/** The element type of an operand. */
export function typeOf(operand: Operand): ElementType {
  return operand.value.type;
}
