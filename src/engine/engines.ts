import type { EngineName } from '../contract/engine-name.ts';
import type { Engine } from './engine.ts';
import { cpu } from './engines/cpu.ts';
import { onnxruntime } from './engines/onnxruntime.ts';
import { tensorflow } from './engines/tensorflow.ts';
import { tensorflowGpu } from './engines/tensorflow-gpu.ts';
import { wasm } from './engines/wasm.ts';
import { webgpu } from './engines/webgpu.ts';

/** The declaration of each engine. Which is better than which is the order of `ENGINE_NAMES`. */
export const ENGINES: Readonly<Record<EngineName, Engine>> = {
  'tensorflow-gpu': tensorflowGpu,
  webgpu,
  onnxruntime,
  tensorflow,
  wasm,
  cpu,
};
