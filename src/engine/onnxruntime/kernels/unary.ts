import { type Operand, record } from '../graph/trace.ts';
import { type Kernels, type RecordKernel, typeOf } from '../kernel.ts';
import { arithmetic } from './binary.ts';

/** Records an operator on one operand that keeps shape and type. */
export function elementwise(op: string, x: Operand): Operand {
  return record(op, [x], x.shape, typeOf(x));
}

const float =
  (make: (x: Operand) => Operand): RecordKernel =>
  ({ x }) =>
    typeOf(x!) === 'float32' ? make(x!) : undefined;

const plain = (op: string): RecordKernel => float((x) => elementwise(op, x));

const numeric =
  (make: (x: Operand) => Operand): RecordKernel =>
  ({ x }) =>
    typeOf(x!) === 'bool' ? undefined : make(x!);

/** Functions of one tensor, element by element. */
export const unaryKernels: Kernels = {
  Abs: numeric((x) => elementwise('Abs', x)),
  Neg: numeric((x) => elementwise('Neg', x)),
  Square: numeric((x) => arithmetic('Mul', x, x)),
  Exp: plain('Exp'),
  Log: plain('Log'),
  Sqrt: plain('Sqrt'),
  Rsqrt: float((x) => elementwise('Reciprocal', elementwise('Sqrt', x))),
  Reciprocal: plain('Reciprocal'),
  Sin: plain('Sin'),
  Cos: plain('Cos'),
  Tanh: plain('Tanh'),
  Sigmoid: plain('Sigmoid'),
  Erf: plain('Erf'),
  Relu: plain('Relu'),
  Floor: plain('Floor'),
  Ceil: plain('Ceil'),
  IsNan: float((x) => record('IsNaN', [x], x.shape, 'bool')),
};
