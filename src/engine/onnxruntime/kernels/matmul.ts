import * as tf from '@tensorflow/tfjs-core';
import { integers, type Operand, record, reshape, sizeOf } from '../graph/trace.ts';
import { type Kernels, typeOf } from '../kernel.ts';
import { arithmetic } from './binary.ts';
import { elementwise } from './unary.ts';

/** Records a product of matrices, or of stacks of them: [..., M, K] · [..., K, N] -> [..., M, N]. */
function matMul(a: Operand, b: Operand, transposeA: boolean, transposeB: boolean): Operand {
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const rows = a.shape.at(transposeA ? -1 : -2)!;
  const columns = b.shape.at(transposeB ? -2 : -1)!;
  const [innerA, innerB] = [a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2)];
  tf.util.assert(
    a.shape.length >= 2 && b.shape.length >= 2 && innerA === innerB,
    () => `the shapes [${a.shape}] and [${b.shape}] of a matrix product are incompatible`,
  );
  // A lone product is a matrix product of rank 2, for which the library is at its best.
  if (sizeOf(batch) > 1) return multiply(a, b, [...batch, rows, columns], transposeA, transposeB);
  const [left, right] = [reshape(a, a.shape.slice(-2)), reshape(b, b.shape.slice(-2))];
  const product = transposeA
    ? turnedProduct(left, right, columns, transposeB)
    : multiply(left, right, [rows, columns], false, transposeB);
  return reshape(product, [...batch, rows, columns]);
}

/**
 * aᵀ · b. Turning a takes far less than what the library loses where it reads the left matrix by columns. Where the result
 * has very many rows it is made in slices: the library goes through all rows for every few columns, and slices stay in
 * the cache meanwhile. For the gradient of GPT-2's head (50,257 rows) that takes two thirds of the time.
 */
function turnedProduct(a: Operand, b: Operand, columns: number, transposeB: boolean): Operand {
  const [inner, rows] = a.shape as [number, number];
  if (rows < 2 * SLICE_ROWS) return turned(a, b, columns, transposeB);
  const slices = Array.from({ length: Math.ceil(rows / SLICE_ROWS) }, (_, i) => {
    const [from, to] = [i * SLICE_ROWS, Math.min((i + 1) * SLICE_ROWS, rows)];
    const slice = record('Slice', [a, ...[[from], [to], [1]].map(integers)], [inner, to - from], 'float32');
    return turned(slice, b, columns, transposeB);
  });
  return record('Concat', slices, [rows, columns], 'float32', { attributes: { axis: 0 } });
}

const SLICE_ROWS = 2048;

function turned(a: Operand, b: Operand, columns: number, transposeB: boolean): Operand {
  const [inner, rows] = a.shape as [number, number];
  const upright = record('Transpose', [a], [rows, inner], 'float32', SWAP);
  return multiply(upright, b, [rows, columns], false, transposeB);
}

const SWAP = { attributes: { perm: [1, 0] } };

function multiply(
  a: Operand,
  b: Operand,
  shape: readonly number[],
  transposeA: boolean,
  transposeB: boolean,
): Operand {
  if (!transposeA && !transposeB) return record('MatMul', [a, b], shape, 'float32');
  return record('FusedMatMul', [a, b], shape, 'float32', {
    domain: 'com.microsoft',
    attributes: { transA: Number(transposeA), transB: Number(transposeB) },
  });
}

const ACTIVATIONS: Readonly<Record<string, string | undefined>> = { relu: 'Relu', sigmoid: 'Sigmoid' };

/** Matrix products. */
export const matMulKernels: Kernels = {
  BatchMatMul: ({ a, b }, { transposeA, transposeB }: tf.BatchMatMulAttrs) =>
    typeOf(a!) === 'float32' && typeOf(b!) === 'float32'
      ? matMul(a!, b!, Boolean(transposeA), Boolean(transposeB))
      : undefined,
  _FusedMatMul: (
    { a, b, bias, preluActivationWeights },
    { transposeA, transposeB, activation }: tf._FusedMatMulAttrs,
  ) => {
    const op = ACTIVATIONS[activation];
    if (preluActivationWeights || (op === undefined && activation !== 'linear')) return undefined;
    if (typeOf(a!) !== 'float32' || typeOf(b!) !== 'float32') return undefined;
    const product = matMul(a!, b!, transposeA, transposeB);
    const sum = bias ? arithmetic('Add', product, bias) : product;
    return op === undefined ? sum : elementwise(op, sum);
  },
};
