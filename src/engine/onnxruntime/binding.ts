import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';

/** Element types that occur in a graph; TensorFlow.js never sees int64. */
export type ElementType = 'float32' | 'int32' | 'bool' | 'int64';
export type TensorData = Float32Array | Int32Array | Uint8Array;

/** A tensor at the border of the native library; `data` is read and written where it is. */
export interface NativeTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
  readonly location: 'cpu';
}

/** The library's synchronous session. Its public one wraps this in promises, which `dataSync` cannot wait for. */
export interface NativeSession {
  loadModel(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, options: object): void;
  run(
    feeds: Readonly<Record<string, NativeTensor>>,
    fetches: Readonly<Record<string, NativeTensor | null>>,
    options: object,
  ): Record<string, NativeTensor>;
  dispose(): void;
}

interface BindingModule {
  readonly binding: { readonly InferenceSession: new () => NativeSession };
  initOrt(): void;
}

/**
 * One run of a graph already uses every core, so its nodes run one after another. Without arena and memory pattern
 * an intermediate result's memory goes back when it is no longer needed; with them every session would keep for its next
 * run what it once needed, which took a quarter of a training's memory and saved no time.
 */
const SESSION_OPTIONS = {
  executionMode: 'sequential',
  enableCpuMemArena: false,
  enableMemPattern: false,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
  // Threads that wait for the next run of their session would take the cores from another session's.
  extra: {
    session: { force_spinning_stop: '1' },
    // They would undo what the kernel of matrix products does with purpose.
    optimization: {
      disable_specified_optimizers: 'MatmulTransposeFusion;GemmTransposeFusion;GatherSliceToSplitFusion',
    },
  },
} as const;

let loaded: BindingModule | undefined;

/**
 * A session for a serialised model, with threads of its own unless `alone`. Throws if the native library is
 * absent, or refuses the model.
 */
export function createSession(model: Uint8Array, { alone }: { readonly alone: boolean }): NativeSession {
  loaded ??= load();
  const session = new loaded.binding.InferenceSession();
  session.loadModel(model.buffer, model.byteOffset, model.byteLength, {
    ...SESSION_OPTIONS,
    intraOpNumThreads: alone ? 1 : availableParallelism(),
  });
  return session;
}

function load(): BindingModule {
  const module = createRequire(import.meta.url)('onnxruntime-node/dist/binding.js') as BindingModule;
  module.initOrt();
  return module;
}
