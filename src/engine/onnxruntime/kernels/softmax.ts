import type * as tf from '@tensorflow/tfjs-core';
import { record } from '../graph/trace.ts';
import { type Kernels, typeOf } from '../kernel.ts';

export const softmaxKernels: Kernels = {
  Softmax: ({ logits }, { dim }: tf.SoftmaxAttrs) =>
    typeOf(logits!) === 'float32'
      ? record('Softmax', [logits], logits!.shape, 'float32', { attributes: { axis: dim } })
      : undefined,
};
