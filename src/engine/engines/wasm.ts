import type { Engine } from '../engine.ts';

const PROCESS_EVENTS = ['uncaughtException', 'unhandledRejection'];

/** TensorFlow.js's own backend in WebAssembly, with a faster matrix product. */
export const wasm: Engine = {
  backend: 'wasm',
  ownMemory: false,
  slowAbove: 50_000_000,
  compilesShapes: false,
  async start(tf) {
    const before = new Map(PROCESS_EVENTS.map((event) => [event, process.listeners(event as 'exit')]));
    // In Node the package finds its .wasm files beside its own code, and uses SIMD where the processor has it.
    // (A path given with setWasmPaths would be fetched with fetch(), which cannot read files.)
    await import('@tensorflow/tfjs-backend-wasm');
    const { registerUnsortedSegmentSum } = await import('../unsorted-segment-sum.ts');
    registerUnsortedSegmentSum(tf, 'wasm');
    await tf.setBackend('wasm');
    const { registerWasmBatchMatMul } = await import('../wasm-batch-mat-mul.ts');
    registerWasmBatchMatMul(tf);
    // Emscripten's start-up code takes over the process's handling of uncaught errors: it throws them again from
    // its own one-line source, which hides where they came from. The process is not its to rule.
    for (const event of PROCESS_EVENTS) {
      for (const listener of process.listeners(event as 'exit')) {
        if (!before.get(event)!.includes(listener)) process.removeListener(event, listener);
      }
    }
  },
};
