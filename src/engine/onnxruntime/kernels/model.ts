import { type Kernels, typeOf } from '../kernel.ts';
import { integers, type Operand, record, recordAll } from '../trace.ts';

/** Kernels that TensorFlow.js does not have; src/model/engine-kernels.ts says what they compute. */
export const modelKernels: Kernels = {
  LayerNorm: ({ x, weight, bias }, { epsilon }: { readonly epsilon: number }) => {
    const rows = [x!.shape[0]!, 1];
    return recordAll('LayerNormalization', [x, weight, bias], [x!.shape, rows, rows], 'float32', {
      attributes: { axis: -1, epsilon: { float: epsilon } },
    });
  },
  FastGelu: ({ x }) => record('FastGelu', [x!], x!.shape, typeOf(x!), { domain: 'com.microsoft' }),
  // Not ScatterND, whose threads get in each other's way where several updates meet one row.
  ScatterAddRows: ({ base, rows, updates }) => {
    const [n, columns] = updates!.shape as [number, number];
    const column: Operand = { value: rows!.value, shape: [n, 1] };
    const places = record('Expand', [column, integers([n, columns])], [n, columns], 'int32');
    return record('ScatterElements', [base!, places, updates!], base!.shape, 'float32', {
      attributes: { axis: 0, reduction: 'add' },
    });
  },
};
