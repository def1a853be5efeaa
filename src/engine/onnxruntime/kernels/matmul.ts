import * as tf from '@tensorflow/tfjs-core';
import { type Kernels, typeOf } from '../kernel.ts';
import { type Operand, record, reshape, sizeOf } from '../trace.ts';
import { arithmetic } from './binary.ts';
import { elementwise } from './unary.ts';

interface MatMulOptions {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The product is multiplied by it. */
  readonly scale?: number;
}

/** Records a product of matrices, or of stacks of them: [..., M, K] · [..., K, N] -> [..., M, N]. */
function matMul(
  a: Operand,
  b: Operand,
  { transposeA, transposeB, scale = 1 }: MatMulOptions,
): Operand {
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
  const lone = sizeOf(batch) === 1;
  const operands = lone ? [a, b].map((x) => reshape(x, x.shape.slice(-2))) : [a, b];
  const shape = lone ? [rows, columns] : [...batch, rows, columns];
  const product =
    transposeA || transposeB || scale !== 1
      ? record('FusedMatMul', operands, shape, 'float32', {
          domain: 'com.microsoft',
          attributes: {
            transA: Number(transposeA),
            transB: Number(transposeB),
            alpha: { float: scale },
          },
        })
      : record('MatMul', operands, shape, 'float32');
  return reshape(product, [...batch, rows, columns]);
}

const ACTIVATIONS: Readonly<Record<string, string | undefined>> = { relu: 'Relu', sigmoid: 'Sigmoid' };

/** Matrix products. */
export const matMulKernels: Kernels = {
  BatchMatMul: ({ a, b }, { transposeA, transposeB }: tf.BatchMatMulAttrs) =>
    typeOf(a!) === 'float32' && typeOf(b!) === 'float32'
      ? matMul(a!, b!, { transposeA: Boolean(transposeA), transposeB: Boolean(transposeB) })
      : undefined,
  _FusedMatMul: (
    { a, b, bias, preluActivationWeights },
    { transposeA, transposeB, activation }: tf._FusedMatMulAttrs,
  ) => {
    const op = ACTIVATIONS[activation];
    if (preluActivationWeights || (op === undefined && activation !== 'linear')) return undefined;
    if (typeOf(a!) !== 'float32' || typeOf(b!) !== 'float32') return undefined;
    const product = matMul(a!, b!, { transposeA, transposeB });
    const sum = bias ? arithmetic('Add', product, bias) : product;
    return op === undefined ? sum : elementwise(op, sum);
  },
};
