import type { Engine } from '../engine.ts';

/** TensorFlow.js's own backend in plain JavaScript. */
export const cpu: Engine = {
  backend: 'cpu',
  ownMemory: false,
  slowAbove: 50_000_000,
  compilesShapes: false,
  async start(tf) {
    await import('@tensorflow/tfjs-backend-cpu');
    const { registerUnsortedSegmentSum } = await import('../unsorted-segment-sum.ts');
    registerUnsortedSegmentSum(tf, 'cpu');
  },
};
