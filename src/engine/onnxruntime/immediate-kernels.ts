import type * as tf from '@tensorflow/tfjs-core';
import { type AdamWNumbers, updateWithAdamW } from './adamw.ts';
import type { OnnxruntimeBackend } from './backend.ts';

type ImmediateKernel = (
  backend: OnnxruntimeBackend,
  inputs: tf.NamedTensorInfoMap,
  attributes: tf.NamedAttrMap,
) => void;

/** Kernels without results, which are run and not recorded; src/model/engine-kernels.ts says what they do. */
export const immediateKernels: Readonly<Record<string, ImmediateKernel>> = {
  Flush: (backend) => backend.flush(),
  AdamWUpdate: (backend, inputs, attributes) => {
    const elements = (name: string) => backend.peek((inputs[name] as tf.TensorInfo).dataId) as Float32Array;
    backend.flush(); // what was recorded shall see the parameter as it is now
    updateWithAdamW(
      {
        parameter: elements('parameter'),
        gradient: elements('gradient'),
        first: elements('first'),
        second: elements('second'),
      },
      attributes as unknown as AdamWNumbers,
    );
  },
};
