import { StageError } from '../../contract/stage-context.ts';
import type { WebgpuBackend } from './packages.ts';

const LESS_MEMORY =
  'Use a smaller `batch_size` (with `gradient_accumulation` the training stays the same), a smaller model, or --engine onnxruntime.';

/**
 * The same backend, which now reports what goes wrong. TensorFlow.js's own looks at no error of the device: after one,
 * whatever it computes is zeros.
 */
export function checkedBackend(backend: WebgpuBackend, device: GPUDevice): WebgpuBackend {
  const requireSound = failureOf(device);
  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    try {
      const values = await read(dataId);
      requireSound();
      return values;
    } catch (error) {
      requireSound(); // the cause, where there is one, says more than that a buffer cannot be read
      throw error;
    }
  };
  const readSync = backend.readSync.bind(backend);
  backend.readSync = (dataId) => {
    // There is no waiting for a GPU in WebGPU; values that have been read, or not yet sent there, are at hand.
    if ((backend.tensorMap.get(dataId).values ?? null) === null)
      throw new Error('webgpu cannot read a tensor synchronously: use data(), not dataSync()');
    return readSync(dataId);
  };
  const { bufferManager } = backend;
  const acquireBuffer = bufferManager.acquireBuffer.bind(bufferManager);
  const largest = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  bufferManager.acquireBuffer = (size, ...rest) => {
    if (size > largest) throw tooLarge(size, largest);
    return acquireBuffer(size, ...rest);
  };
  return backend;
}

/** A function that throws the first error that the device reported. */
function failureOf(device: GPUDevice): () => void {
  let failure: Error | undefined;
  device.addEventListener('uncapturederror', (event) => {
    failure ??= deviceError((event as GPUUncapturedErrorEvent).error);
  });
  void device.lost.then(({ message }) => {
    failure ??= new StageError(`The GPU is lost: ${message}`, {
      hint: 'Its driver was reset or updated, or another program took its memory. Run again: training continues from its newest checkpoint.',
    });
  });
  return () => {
    if (failure) throw failure;
  };
}

function deviceError(error: GPUError): Error {
  if (error.constructor.name !== 'GPUOutOfMemoryError') return new Error(`WebGPU: ${error.message}`);
  return new StageError('The memory of the GPU is full.', { hint: LESS_MEMORY });
}

function tooLarge(size: number, largest: number): StageError {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return new StageError(
    `A tensor of ${megabytes(size)} does not fit: this GPU takes at most ${megabytes(largest)} in one piece.`,
    { hint: LESS_MEMORY },
  );
}
