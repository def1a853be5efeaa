import type { Engine } from '../engine.ts';
import { startNodeBinding } from '../node-binding.ts';

const PACKAGE = '@tensorflow/tfjs-node';

/** The TensorFlow library on the processor. */
export const tensorflow: Engine = {
  backend: 'tensorflow',
  needs: { packages: [PACKAGE], hardware: 'CPU' },
  ownMemory: false,
  compilesShapes: false,
  start: () => startNodeBinding(PACKAGE),
};
