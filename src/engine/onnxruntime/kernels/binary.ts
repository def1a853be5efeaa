import { type Operand, record } from '../graph/trace.ts';
import { type Kernels, type RecordKernel, typeOf } from '../kernel.ts';
import { cast } from './casts.ts';
import { broadcastShape } from './shapes.ts';

type Types = readonly ('float32' | 'int32' | 'bool')[];
const FLOAT: Types = ['float32'];
const NUMBERS: Types = ['float32', 'int32'];

/** Records an operator on two operands of one type, broadcasting them, with a result of that type. */
export function arithmetic(op: string, a: Operand, b: Operand): Operand {
  return record(op, [a, b], broadcastShape(a, b), typeOf(a));
}

function binary(types: Types, make: (a: Operand, b: Operand) => Operand): RecordKernel {
  return ({ a, b }) => {
    const type = typeOf(a!);
    return types.some((t) => t === type) && type === typeOf(b!) ? make(a!, b!) : undefined;
  };
}

const plain = (types: Types, op: string): RecordKernel => binary(types, (a, b) => arithmetic(op, a, b));

const compare = (op: string): RecordKernel =>
  binary(['float32', 'int32', 'bool'], (a, b) => {
    // ONNX orders numbers only.
    const [left, right] = typeOf(a) === 'bool' ? [cast(a, 'int32'), cast(b, 'int32')] : [a, b];
    return record(op, [left, right], broadcastShape(a, b), 'bool');
  });

const not = (x: Operand): Operand => record('Not', [x], x.shape, 'bool');

const logical = (op: string): RecordKernel =>
  binary(['bool'], (a, b) => record(op, [a, b], broadcastShape(a, b), 'bool'));

/** Arithmetic, comparisons and logic of two tensors. */
export const binaryKernels: Kernels = {
  Add: plain(NUMBERS, 'Add'),
  Sub: plain(NUMBERS, 'Sub'),
  Multiply: plain(NUMBERS, 'Mul'),
  RealDiv: plain(FLOAT, 'Div'),
  Pow: plain(FLOAT, 'Pow'),
  Maximum: plain(NUMBERS, 'Max'),
  Minimum: plain(NUMBERS, 'Min'),
  SquaredDifference: binary(NUMBERS, (a, b) => {
    const difference = arithmetic('Sub', a, b);
    return arithmetic('Mul', difference, difference);
  }),
  FloorDiv: binary(FLOAT, (a, b) => {
    const quotient = arithmetic('Div', a, b);
    return record('Floor', [quotient], quotient.shape, 'float32');
  }),
  Equal: compare('Equal'),
  NotEqual: binary(['float32', 'int32', 'bool'], (a, b) =>
    not(record('Equal', [a, b], broadcastShape(a, b), 'bool')),
  ),
  Less: compare('Less'),
  LessEqual: compare('LessOrEqual'),
  Greater: compare('Greater'),
  GreaterEqual: compare('GreaterOrEqual'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalNot: ({ x }) => (typeOf(x!) === 'bool' ? not(x!) : undefined),
  AddN: (inputs) => {
    const terms = Object.values(inputs);
    if (terms.some((term) => typeOf(term) === 'bool' || typeOf(term) !== typeOf(terms[0]!))) return undefined;
    return terms.reduce((sum, term) => arithmetic('Add', sum, term));
  },
};
