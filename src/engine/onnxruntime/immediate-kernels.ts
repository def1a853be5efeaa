import type * as tf from '@tensorflow/tfjs-core';
import { type AdamWNumbers, updateWithAdamW } from './adamw.ts';
import type { OnnxruntimeBackend } from './backend.ts';

type ImmediateKernel = (
  backend: OnnxruntimeBackend,
  inputs: tf.NamedTensorInfoMap,
  attributes: tf.NamedAttrMap,
) => void;

/** Kernels without results, which are run and not recorded; src/model/network/engine-kernels.ts says what they do. */
export const immediateKernels: Readonly<Record<string, ImmediateKernel>> = {
  Flush: (backend) => backend.flush(),
  AdamWUpdate: (backend, inputs, attributes) => {
    refuseShared(backend, 'AdamWUpdate', inputs, ['parameter', 'first', 'second']);
    const [parameter, gradient, first, second] = floats(backend, inputs, [
      'parameter',
      'gradient',
      'first',
      'second',
    ]);
    const arrays = { parameter: parameter!, gradient: gradient!, first: first!, second: second! };
    // TensorFlow.js types attributes for all kernels alike; src/model/network/engine-kernels.ts passes these.
    updateWithAdamW(arrays, attributes as unknown as AdamWNumbers);
  },
  AddRows: (backend, inputs) => {
    refuseShared(backend, 'AddRows', inputs, ['base']);
    const [base, updates] = floats(backend, inputs, ['base', 'updates']);
    const rows = backend.peek((inputs.rows as tf.TensorInfo).dataId) as Int32Array;
    addRows(base!, rows, updates!);
  },
  WriteSlot: (backend, inputs, { slot }) => {
    refuseShared(backend, 'WriteSlot', inputs, ['base']);
    const [base, values] = floats(backend, inputs, ['base', 'values']);
    const [slots, width] = (inputs.base as tf.TensorInfo).shape.slice(-2);
    writeSlot(base!, values!, { slots: slots!, width: width!, slot: slot as number });
  },
};

/** Throws if a tensor that is to change has its data in common with another, which would change with it. */
function refuseShared(
  backend: OnnxruntimeBackend,
  kernel: string,
  inputs: tf.NamedTensorInfoMap,
  names: readonly string[],
): void {
  for (const name of names) {
    if (backend.refCount((inputs[name] as tf.TensorInfo).dataId) === 1) continue;
    throw new Error(
      `${kernel} changes '${name}' where it is stored, and another tensor shares its data: dispose of the clone first`,
    );
  }
}

/** The elements of some inputs, once everything is computed that was recorded while they were as they are. */
function floats(
  backend: OnnxruntimeBackend,
  inputs: tf.NamedTensorInfoMap,
  names: readonly string[],
): Float32Array[] {
  backend.flush();
  return names.map((name) => backend.peek((inputs[name] as tf.TensorInfo).dataId) as Float32Array);
}

function addRows(base: Float32Array, rows: Int32Array, updates: Float32Array): void {
  const columns = updates.length / rows.length;
  for (let i = 0; i < rows.length; i++) {
    const [to, from] = [rows[i]! * columns, i * columns];
    for (let j = 0; j < columns; j++) base[to + j] = base[to + j]! + updates[from + j]!;
  }
}

function writeSlot(
  base: Float32Array,
  values: Float32Array,
  { slots, width, slot }: { readonly slots: number; readonly width: number; readonly slot: number },
): void {
  for (let from = 0, to = slot * width; from < values.length; from += width, to += slots * width) {
    for (let i = 0; i < width; i++) base[to + i] = values[from + i]!;
  }
}
