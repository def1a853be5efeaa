import { createRequire } from 'node:module';
import type { EngineName } from '../contract/engine-name.ts';
import type { Tf } from './tensorflow.ts';

/** How each engine comes to life: registers its kernels and returns the name of its TensorFlow.js backend. */
const START: Readonly<Record<EngineName, (tf: Tf) => Promise<string>>> = {
  'tensorflow-gpu': startNodeBindingOnGpu,
  webgpu: startWebgpu,
  onnxruntime: startOnnxruntime,
  tensorflow: () => startNodeBinding('@tensorflow/tfjs-node'),
  wasm: startWasm,
  cpu: startCpu,
};

/**
 * Loads TensorFlow.js with the kernels of one engine and all gradients, and makes that engine the current one.
 * Throws what the engine's package throws where it is absent or does not start.
 */
export async function loadEngine(name: EngineName): Promise<Tf> {
  const tf = await import('@tensorflow/tfjs-core');
  // The bundle that Node gets of @tensorflow/tfjs-core registers no gradients (the one package that does, the
  // whole of @tensorflow/tfjs, is not needed for anything else). This file of the package does, but it is
  // written for bundlers and Node cannot import it. The path, unlike the package's name, makes esbuild compile
  // it in. It brings a second copy of some operations, which is harmless: the engine and its registries are
  // kept on globalThis, once a process.
  await import('../../node_modules/@tensorflow/tfjs-core/dist/register_all_gradients.js');
  tf.enableProdMode(); // else the cpu and wasm backends greet the user and recommend other packages
  const backend = await START[name](tf);
  if (!(await tf.setBackend(backend)))
    throw new Error(`the ${backend} backend of TensorFlow.js did not start`);
  await tf.ready();
  return tf;
}

async function startWebgpu(tf: Tf): Promise<string> {
  const { startWebgpu: start } = await import('./webgpu/start.ts');
  return await start(tf);
}

async function startOnnxruntime(tf: Tf): Promise<string> {
  await startCpu(tf); // which runs the kernels that onnxruntime has no graph for
  const { BACKEND_NAME, registerOnnxruntime } = await import('./onnxruntime/register.ts');
  if (!tf.findBackendFactory(BACKEND_NAME)) registerOnnxruntime();
  return BACKEND_NAME;
}

async function startCpu(tf: Tf): Promise<string> {
  await import('@tensorflow/tfjs-backend-cpu');
  const { registerUnsortedSegmentSum } = await import('./unsorted-segment-sum.ts');
  registerUnsortedSegmentSum(tf, 'cpu');
  return 'cpu';
}

async function startWasm(tf: Tf): Promise<string> {
  const before = new Map(PROCESS_EVENTS.map((event) => [event, process.listeners(event as 'exit')]));
  // In Node the package finds its .wasm files beside its own code, and uses SIMD where the processor has it.
  // (A path given with setWasmPaths would be fetched with fetch(), which cannot read files.)
  await import('@tensorflow/tfjs-backend-wasm');
  const { registerUnsortedSegmentSum } = await import('./unsorted-segment-sum.ts');
  registerUnsortedSegmentSum(tf, 'wasm');
  await tf.setBackend('wasm');
  const { registerWasmBatchMatMul } = await import('./wasm-batch-mat-mul.ts');
  registerWasmBatchMatMul(tf);
  // Emscripten's start-up code takes over the process's handling of uncaught errors: it throws them again from
  // its own one-line source, which hides where they came from. The process is not its to rule.
  for (const event of PROCESS_EVENTS) {
    for (const listener of process.listeners(event as 'exit')) {
      if (!before.get(event)!.includes(listener)) process.removeListener(event, listener);
    }
  }
  return 'wasm';
}

const PROCESS_EVENTS = ['uncaughtException', 'unhandledRejection'];

/**
 * tfjs-node and tfjs-node-gpu are optional peers: imported only when asked for. They use whichever copy of
 * tfjs-core npm gave them, and register their backend in the same global engine as ours.
 */
async function startNodeBinding(packageName: string): Promise<string> {
  // Their 4.22 release calls functions that Node 23 removed from `util`.
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  await import(packageName);
  return 'tensorflow';
}

/** Without CUDA's libraries TensorFlow computes on the processor and only says so in its log. */
async function startNodeBindingOnGpu(tf: Tf): Promise<string> {
  const name = await startNodeBinding('@tensorflow/tfjs-node-gpu');
  await tf.setBackend(name);
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean };
  if (isUsingGpuDevice !== true) {
    throw new Error(
      'TensorFlow finds no GPU that it can use: CUDA and cuDNN must be installed beside the driver',
    );
  }
  return name;
}
