import type { Engine } from '../engine.ts';
import { cpu } from './cpu.ts';

/** A backend of our own on onnxruntime: src/engine/onnxruntime. */
export const onnxruntime: Engine = {
  backend: 'onnxruntime',
  ownMemory: false,
  compilesShapes: true,
  async start(tf) {
    await cpu.start(tf); // which runs the kernels that onnxruntime has no graph for
    const { registerOnnxruntime } = await import('../onnxruntime/register.ts');
    registerOnnxruntime();
  },
};
