import type * as TensorFlow from '@tensorflow/tfjs-core';

/** TensorFlow.js, as each engine is given it: only `loadEngine` imports the package itself. */
export type Tf = typeof TensorFlow;
