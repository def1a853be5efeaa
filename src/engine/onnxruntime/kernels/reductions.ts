import type * as tf from '@tensorflow/tfjs-core';
import { integers, known, type Operand, record, scalar } from '../graph/trace.ts';
import { type Kernels, type RecordKernel, typeOf } from '../kernel.ts';
import { cast } from './casts.ts';
import { axesOf, axisOf } from './shapes.ts';

interface ReductionAttrs {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

/** Records a reduction over some axes. */
function reduce(op: string, x: Operand, axes: readonly number[], keepDims: boolean): Operand {
  if (axes.length === 0) return x;
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const shape = keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  return record(op, [x, integers(axes)], shape, typeOf(x), { attributes: { keepdims: Number(keepDims) } });
}

const reduction =
  (op: string, prepare: (x: Operand) => Operand | undefined): RecordKernel<ReductionAttrs> =>
  ({ x }, { axis, keepDims }) => {
    const prepared = prepare(x!);
    return prepared && reduce(op, prepared, axesOf(axis, x!), keepDims);
  };

const numbers = (x: Operand): Operand => (typeOf(x) === 'bool' ? cast(x, 'int32') : x);

/** The library's largest and smallest pass over NaN, TensorFlow.js's are NaN where there is one. */
function extremum(op: string, x: Operand, axis: number | number[], keepDims: boolean): Operand | undefined {
  if (typeOf(x) === 'bool') return undefined;
  const axes = axesOf(axis, x);
  const found = reduce(op, x, axes, keepDims);
  if (typeOf(x) !== 'float32' || axes.length === 0) return found;
  const nans = cast(record('IsNaN', [x], x.shape, 'bool'), 'float32');
  const hasNaN = cast(reduce('ReduceMax', nans, axes, keepDims), 'bool');
  return record('Where', [hasNaN, scalar(Number.NaN), found], found.shape, 'float32');
}

/** Where the extremum is, the first of equals. `worst` never wins and `best` always does. */
const position =
  (op: string, worst: number, best: number): RecordKernel<{ axis: number }> =>
  ({ x }, { axis }) => {
    if (typeOf(x!) === 'bool') return undefined;
    const along = axisOf(axis, x!);
    const comparable = typeOf(x!) === 'float32' ? withoutNaN(x!, along, worst, best) : x!;
    const shape = x!.shape.filter((_, i) => i !== along);
    const attributes = { axis: along, keepdims: 0 };
    return cast(record(op, [comparable], shape, 'int64', { attributes }), 'int32');
  };

/** TensorFlow.js takes the first element, and then each that compares better: NaN stays if it is first, only. */
function withoutNaN(x: Operand, axis: number, worst: number, best: number): Operand {
  const length = x.shape[axis]!;
  const substitutes = new Float32Array(length).fill(worst);
  substitutes[0] = best;
  const shape = x.shape.map((_, i) => (i === axis ? length : 1));
  const nans = record('IsNaN', [x], x.shape, 'bool');
  return record('Where', [nans, known(substitutes, shape, 'float32'), x], x.shape, 'float32');
}

/** Kernels that make one number of many. */
export const reductionKernels: Kernels = {
  Sum: reduction('ReduceSum', numbers),
  Mean: reduction('ReduceMean', (x) => cast(x, 'float32')),
  Prod: reduction('ReduceProd', (x) => (typeOf(x) === 'float32' ? x : undefined)),
  Max: ({ x }, { reductionIndices, keepDims }: tf.MaxAttrs) =>
    extremum('ReduceMax', x!, reductionIndices, keepDims),
  Min: ({ x }, { axis, keepDims }: tf.MinAttrs) => extremum('ReduceMin', x!, axis, keepDims),
  ArgMax: position('ArgMax', -Infinity, Infinity),
  ArgMin: position('ArgMin', Infinity, -Infinity),
  Cumsum: ({ x }, { axis, exclusive, reverse }: tf.CumsumAttrs) =>
    typeOf(x!) === 'bool'
      ? undefined
      : record('CumSum', [x, integerScalar(axisOf(axis, x!))], x!.shape, typeOf(x!), {
          attributes: { exclusive: Number(exclusive), reverse: Number(reverse) },
        }),
};

function integerScalar(number: number) {
  return { constant: [number], type: 'int64', shape: [] } as const;
}
