import type { Tf } from '../engine.ts';
import type { WebgpuBackend } from './packages.ts';

/**
 * The kernel `Flush` sends what has been recorded to the GPU, which then works while the next part is recorded. It is
 * also where buffers are given back: the backend keeps each for a tensor of the same size, without end, and the sizes
 * change with every batch. Kept are no more than as many bytes as are in use.
 */
export function registerFlush(tf: Tf): void {
  tf.registerKernel({
    kernelName: 'Flush',
    backendName: 'webgpu',
    kernelFunc: ({ backend: current }) => {
      const backend = current as WebgpuBackend;
      backend.ensureCommandEncoderReady();
      backend.endComputePassEncoder();
      backend.submitQueue();
      const { numBytesAllocated, numBytesUsed } = backend.bufferManager;
      if (numBytesAllocated > 2 * numBytesUsed) dropFreeBuffers(backend);
      return [];
    },
  });
}

function dropFreeBuffers({ bufferManager }: WebgpuBackend): void {
  for (const buffers of bufferManager.freeBuffers.values()) {
    for (const buffer of buffers.splice(0)) {
      bufferManager.numBytesAllocated -= buffer.size;
      bufferManager.numFreeBuffers -= 1;
      buffer.destroy();
    }
  }
}
