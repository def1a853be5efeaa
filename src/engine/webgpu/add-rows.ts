import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Tf } from '../engine.ts';
import type { WebgpuBackend, WebgpuProgram } from './packages.ts';

const WORKGROUP = 64;

/**
 * The kernel `AddRows` (src/model/network/engine-kernels.ts), the gradient of an embedding. The package's UnsortedSegmentSum
 * would do, but its additions come in whatever order the GPU's threads run, so that no two trainings would be the
 * same; and it makes a second matrix for the whole vocabulary.
 */
export function registerAddRows(tf: Tf): void {
  tf.registerKernel({
    kernelName: 'AddRows',
    backendName: 'webgpu',
    kernelFunc: ({ inputs, backend: current }) => {
      const { base, rows, updates } = inputs as Record<'base' | 'rows' | 'updates', TensorInfo>;
      const backend = current as WebgpuBackend;
      if (backend.refCount(base.dataId) > 1)
        throw new Error("AddRows changes 'base' where it is stored, and another tensor shares its data");
      const [count, width] = updates.shape as [number, number];
      const uniforms = [
        { type: 'int32' as const, data: [count] },
        { type: 'int32' as const, data: [width] },
      ];
      backend.runWebGPUProgram(
        addRowsProgram(base.shape, count * width),
        [rows, updates],
        'float32',
        uniforms,
        base,
      );
      backend.tensorMap.get(base.dataId).values = null; // what may have been read of it
      return [];
    },
  });
}

/**
 * One thread for each element of the updates. The first of the updates that go to one row adds up all of them, in
 * their order; the threads of the others have nothing to do.
 */
function addRowsProgram(baseShape: readonly number[], elements: number): WebgpuProgram {
  return {
    shaderKey: 'addRows',
    variableNames: ['rows', 'updates'],
    outputShape: baseShape,
    uniforms: 'count : i32, width : i32,',
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: [0, 1] },
    dispatch: [Math.ceil(elements / WORKGROUP), 1, 1],
    getUserCode: () => `
      fn main(index : i32) {
        let first = index / uniforms.width;
        let column = index % uniforms.width;
        if (first >= uniforms.count) { return; }
        let row = rows[first];
        for (var earlier = 0; earlier < first; earlier++) {
          if (rows[earlier] == row) { return; }
        }
        var sum = 0.0;
        for (var i = first; i < uniforms.count; i++) {
          if (rows[i] == row) { sum += updates[i * uniforms.width + column]; }
        }
        result[row * uniforms.width + column] += sum;
      }`,
  };
}
