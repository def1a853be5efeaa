import * as tf from '@tensorflow/tfjs-core';
import type { OnnxruntimeBackend } from './backend.ts';

type Values = tf.backend_util.BackendValues;

/** What the cpu backend offers besides the interface of every backend. */
interface CpuBackend extends tf.KernelBackend {
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType, values: Values): tf.TensorInfo;
}

/**
 * Runs one call of a kernel on the cpu backend of TensorFlow.js: its tensors go there, its results come back. The
 * answer is by definition TensorFlow.js's; everything that was recorded is computed first. Throws with the name
 * of the kernel where the cpu backend has none of that name.
 */
export function runOnCpu(
  kernelName: string,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap | undefined,
  backend: OnnxruntimeBackend,
): tf.TensorInfo | tf.TensorInfo[] {
  const kernel = tf.getKernel(kernelName, 'cpu');
  const cpu = tf.findBackend('cpu') as CpuBackend | null;
  if (!kernel || !cpu) {
    throw new Error(
      `the kernel ${kernelName} is neither in the onnxruntime engine nor in the cpu backend of TensorFlow.js`,
    );
  }
  const lent = lendInputs(inputs, backend, cpu);
  try {
    const results = kernel.kernelFunc({ inputs: lent.inputs, attrs: attrs ?? {}, backend: cpu });
    const takeBack = (result: tf.TensorInfo) => takeResult(result, lent.memory, backend, cpu);
    return Array.isArray(results) ? results.map(takeBack) : takeBack(results);
  } finally {
    for (const info of lent.infos) cpu.disposeData(info.dataId);
  }
}

interface Lent {
  readonly inputs: tf.NamedTensorInfoMap;
  readonly infos: readonly tf.TensorInfo[];
  /** The memory that the lent inputs share with this backend. */
  readonly memory: ReadonlySet<unknown>;
}

function lendInputs(inputs: tf.NamedTensorInfoMap, backend: OnnxruntimeBackend, cpu: CpuBackend): Lent {
  const infos: tf.TensorInfo[] = [];
  const memory = new Set<unknown>();
  const lend = (info: tf.TensorInfo): tf.TensorInfo => {
    const values = backend.peek(info.dataId);
    if (ArrayBuffer.isView(values)) memory.add(values.buffer);
    const lent =
      info.dtype === 'complex64'
        ? lendComplex(values as Float32Array, info.shape, cpu)
        : cpu.makeTensorInfo(info.shape, info.dtype, values);
    infos.push(lent);
    // Some kernels expect whole tensors, at least their rank.
    return Object.assign(lent, { rank: info.shape.length });
  };
  return { inputs: mapInputs(inputs, lend) as tf.NamedTensorInfoMap, infos, memory };
}

/** Most kernels take a map of tensors, but some a list or a map with lists, and optional ones may be missing. */
function mapInputs(inputs: unknown, lend: (info: tf.TensorInfo) => tf.TensorInfo): unknown {
  if (inputs === null || typeof inputs !== 'object') return inputs;
  if (Array.isArray(inputs)) return inputs.map((input) => mapInputs(input, lend));
  if ('dataId' in inputs) return lend(inputs as tf.TensorInfo);
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, mapInputs(input, lend)]));
}

/** Values of a complex tensor are its real and imaginary parts in turn. */
function lendComplex(values: Float32Array, shape: number[], cpu: CpuBackend): tf.TensorInfo {
  const parts = tf.backend_util.splitRealAndImagArrays(values);
  const real = cpu.makeTensorInfo(shape, 'float32', parts.real);
  const imag = cpu.makeTensorInfo(shape, 'float32', parts.imag);
  const complex = tf
    .getKernel('Complex', 'cpu')
    .kernelFunc({ inputs: { real, imag }, attrs: {}, backend: cpu });
  cpu.disposeData(real.dataId);
  cpu.disposeData(imag.dataId);
  return complex as tf.TensorInfo;
}

function takeResult(
  result: tf.TensorInfo | tf.Tensor,
  lentMemory: ReadonlySet<unknown>,
  backend: OnnxruntimeBackend,
  cpu: CpuBackend,
): tf.TensorInfo {
  const { shape, dtype } = result;
  const values = cpu.readSync(result.dataId);
  const shared = ArrayBuffer.isView(values) && lentMemory.has(values.buffer);
  const dataId = backend.store(shared ? values.slice() : values, shape, dtype);
  // Some kernels of the cpu backend return tensors that the engine already tracks.
  if (result instanceof tf.Tensor) result.dispose();
  else cpu.disposeData(result.dataId);
  return { dataId, shape, dtype };
}
