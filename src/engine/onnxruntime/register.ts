import * as tf from '@tensorflow/tfjs-core';
import { OnnxruntimeBackend } from './backend.ts';
import { runOnCpu } from './cpu-fallback.ts';
import { type Operand, sizeOf } from './graph/trace.ts';
import { immediateKernels } from './immediate-kernels.ts';
import type { RecordKernel } from './kernel.ts';
import { anyInputKernels, extraKernels, kernels } from './kernels/index.ts';

const BACKEND_NAME = 'onnxruntime';

/**
 * Registers the backend and its kernels, once a process. The cpu backend must have been imported: each of its kernels is
 * registered here too, recorded where `kernels` says how, and else run there.
 */
export function registerOnnxruntime(): void {
  if (tf.findBackendFactory(BACKEND_NAME)) return;
  tf.registerBackend(BACKEND_NAME, () => new OnnxruntimeBackend());
  for (const { kernelName } of tf.getKernelsForBackend('cpu'))
    register(kernelName, anyInputKernels[kernelName] ?? forGraphs(kernels[kernelName]));
  for (const [kernelName, kernel] of Object.entries(extraKernels)) register(kernelName, forGraphs(kernel));
  for (const [kernelName, run] of Object.entries(immediateKernels)) {
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
      run(backend as OnnxruntimeBackend, inputs as tf.NamedTensorInfoMap, attrs ?? {});
      return [];
    };
    tf.registerKernel({ kernelName, backendName: BACKEND_NAME, kernelFunc });
  }
}

function register(kernelName: string, kernel: RecordKernel | undefined): void {
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend: current }) => {
    const backend = current as OnnxruntimeBackend;
    const operands = kernel && operandsOf(inputs, backend);
    // Each kernel has the type of its own attributes; TensorFlow.js passes those of the kernel by its name.
    const result = operands && kernel(operands, attrs as never);
    if (result === undefined) return runOnCpu(kernelName, inputs, attrs, backend);
    const publish = (operand: Operand) => backend.publish(operand);
    return Array.isArray(result) ? result.map(publish) : publish(result as Operand);
  };
  tf.registerKernel({ kernelName, backendName: BACKEND_NAME, kernelFunc });
}

/** Undefined if an input is not for graphs. */
function operandsOf(
  inputs: tf.NamedTensorInfoMap,
  backend: OnnxruntimeBackend,
): Record<string, Operand> | undefined {
  const operands: Record<string, Operand> = {};
  for (const [name, info] of Object.entries(inputs)) {
    if (!info) continue;
    const operand = backend.operand(info);
    if (operand === undefined) return undefined;
    operands[name] = operand;
  }
  return operands;
}

/** TensorFlow.js, not onnxruntime, says what an operator makes of no elements at all. */
function forGraphs(kernel: RecordKernel | undefined): RecordKernel | undefined {
  return (
    kernel &&
    ((inputs, attributes) =>
      Object.values(inputs).some(({ shape }) => sizeOf(shape) === 0) ? undefined : kernel(inputs, attributes))
  );
}
