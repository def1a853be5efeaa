import type { Kernels } from '../kernel.ts';
import { arrangeKernels, fillKernels } from './arrange.ts';
import { binaryKernels } from './binary.ts';
import { castKernels } from './casts.ts';
import { indexingKernels } from './indexing.ts';
import { matMulKernels } from './matmul.ts';
import { modelKernels } from './model.ts';
import { reductionKernels } from './reductions.ts';
import { softmaxKernels } from './softmax.ts';
import { unaryKernels } from './unary.ts';
import { views } from './views.ts';

/** Kernels of TensorFlow.js that are recorded; all others are run by the cpu backend. */
export const kernels: Kernels = {
  ...arrangeKernels,
  ...binaryKernels,
  ...castKernels,
  ...fillKernels,
  ...indexingKernels,
  ...matMulKernels,
  ...reductionKernels,
  ...softmaxKernels,
  ...unaryKernels,
};

/** Those that also take tensors without elements. */
export const anyInputKernels: Kernels = views;

/** Kernels of this backend alone. */
export const extraKernels: Kernels = modelKernels;
