import * as tf from '@tensorflow/tfjs-core';
import { reshape, sizeOf } from '../graph/trace.ts';
import type { Kernels } from '../kernel.ts';

/** Kernels that only give the same elements another shape: nothing is recorded or copied. */
export const views: Kernels = {
  Identity: ({ x }) => x,
  Reshape: ({ x }, { shape }: tf.ReshapeAttrs) =>
    reshape(x!, tf.util.inferFromImplicitShape(shape, sizeOf(x!.shape))),
  ExpandDims: ({ input }, { dim }: tf.ExpandDimsAttrs) => {
    const shape = [...input!.shape];
    tf.util.assert(
      -(shape.length + 1) <= dim && dim <= shape.length,
      () => `Axis must be in the interval [${-(shape.length + 1)}, ${shape.length}]`,
    );
    shape.splice(dim < 0 ? shape.length + 1 + dim : dim, 0, 1);
    return reshape(input!, shape);
  },
};
