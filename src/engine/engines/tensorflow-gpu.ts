import { existsSync } from 'node:fs';
import type { Engine } from '../engine.ts';
import { startNodeBinding } from '../node-binding.ts';

const PACKAGE = '@tensorflow/tfjs-node-gpu';
const BACKEND = 'tensorflow';

/** The TensorFlow library with CUDA. */
export const tensorflowGpu: Engine = {
  backend: BACKEND,
  needs: {
    packages: [PACKAGE],
    hardware: 'NVIDIA GPU with CUDA',
    look() {
      const isHere = existsSync('/dev/nvidia0') || existsSync('/proc/driver/nvidia/version');
      return { isHere, finding: isHere ? 'an NVIDIA GPU is here' : 'no NVIDIA GPU is visible here' };
    },
  },
  ownMemory: true,
  compilesShapes: false,
  async start(tf) {
    await startNodeBinding(PACKAGE);
    await tf.setBackend(BACKEND);
    // Without CUDA's libraries TensorFlow computes on the processor and only says so in its log.
    const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean };
    if (isUsingGpuDevice !== true) {
      throw new Error(
        'TensorFlow finds no GPU that it can use: CUDA and cuDNN must be installed beside the driver',
      );
    }
  },
};
