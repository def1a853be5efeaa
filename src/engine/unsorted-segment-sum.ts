import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { Tf } from './engine.ts';

const KERNEL = 'UnsortedSegmentSum';

/**
 * Adds the rows of x that share a segment id: the gradient of a gather, so of every embedding. The wasm
 * backend of TensorFlow.js has no such kernel, and that of the cpu backend makes a pass over all of x for
 * each row of the result, which with 50,257 rows never ends. Rows are added in their order, in float32, so
 * the result is the same on every machine.
 */
export function registerUnsortedSegmentSum(tf: Tf, backendName: 'cpu' | 'wasm'): void {
  if (tf.getKernel(KERNEL, backendName)) tf.unregisterKernel(KERNEL, backendName);
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) => {
    const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
    const { numSegments } = attrs as { numSegments: number };
    // Both backends have the same readSync and makeOutput-like `write`; only the type of one is named here.
    const storage = backend as BackendWasm;
    const rows = storage.readSync(x.dataId) as Float32Array;
    const segments = storage.readSync(segmentIds.dataId) as Int32Array;
    const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)];
    const sums = sumRows(rows, segments, numSegments);
    return { dataId: storage.write(sums, shape, x.dtype), shape, dtype: x.dtype };
  };
  tf.registerKernel({ kernelName: KERNEL, backendName, kernelFunc });
}

/** Negative segment ids are left out, as TensorFlow does. */
function sumRows(rows: Float32Array, segments: Int32Array, numSegments: number): Float32Array {
  const width = rows.length / segments.length;
  const sums = new Float32Array(numSegments * width);
  segments.forEach((segment, row) => {
    if (segment < 0) return;
    const from = row * width;
    const to = segment * width;
    for (let i = 0; i < width; i++) sums[to + i]! += rows[from + i]!;
  });
  return sums;
}
