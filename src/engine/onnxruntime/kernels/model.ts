import { record, recordAll } from '../graph/trace.ts';
import { type Kernels, typeOf } from '../kernel.ts';

/** Kernels that TensorFlow.js does not have; src/model/network/engine-kernels.ts says what they compute. */
export const modelKernels: Kernels = {
  LayerNorm: ({ x, weight, bias }, { epsilon }: { readonly epsilon: number }) => {
    const rows = [x!.shape[0]!, 1];
    return recordAll('LayerNormalization', [x, weight, bias], [x!.shape, rows, rows], 'float32', {
      attributes: { axis: -1, epsilon: { float: epsilon } },
    });
  },
  RmsNorm: ({ x, weight }, { epsilon }: { readonly epsilon: number }) =>
    recordAll('SimplifiedLayerNormalization', [x, weight], [x!.shape, [x!.shape[0]!, 1]], 'float32', {
      attributes: { axis: -1, epsilon: { float: epsilon } },
    }),
  FastGelu: ({ x }) => record('FastGelu', [x!], x!.shape, typeOf(x!), { domain: 'com.microsoft' }),
};
