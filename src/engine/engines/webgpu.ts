import type { Engine } from '../engine.ts';
import { WEBGPU_PACKAGES } from '../webgpu/packages.ts';

/** TensorFlow.js's own backend on the WebGPU of Chromium: src/engine/webgpu. */
export const webgpu: Engine = {
  backend: 'webgpu',
  needs: { packages: WEBGPU_PACKAGES, hardware: 'any GPU' },
  ownMemory: true,
  compilesShapes: true,
  async start(tf) {
    const { startWebgpu } = await import('../webgpu/start.ts');
    await startWebgpu(tf);
  },
  async device(tf) {
    const { adapterOf } = await import('../webgpu/start.ts');
    const { device, description, isFallbackAdapter } = adapterOf(tf.backend());
    return { name: device || description || 'an unnamed GPU', software: isFallbackAdapter };
  },
};
