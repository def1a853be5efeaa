import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { Tf } from './engine.ts';

const KERNEL = 'BatchMatMul';

/** The compiled function behind the package's kernel: ids and shapes of a and b, whether each is transposed, id of the result. */
type Multiply = (
  a: number,
  aShape: Uint8Array,
  aRank: number,
  b: number,
  bShape: Uint8Array,
  bRank: number,
  transposeA: boolean,
  transposeB: boolean,
  out: number,
) => void;

/** Emscripten's runtime, of which the package's types leave this out. */
interface Emscripten {
  cwrap(name: string, returns: null, parameters: readonly string[]): Multiply;
}

/**
 * Replaces the wasm backend's matrix product. The package's own is fast (XNNPACK) for one product of two
 * matrices as they are, and 10 to 20 times slower where one is transposed or there are several products, which
 * is every gradient and all of attention. Here transposed matrices are turned first, which costs little, and
 * several products are made one by one, in place. Products with broadcasting are left to the package.
 */
export function registerWasmBatchMatMul(tf: Tf): void {
  const original = tf.getKernel(KERNEL, 'wasm').kernelFunc;
  const transpose = tf.getKernel('Transpose', 'wasm').kernelFunc;
  const multiply = ((tf.backend() as BackendWasm).wasm as unknown as Emscripten).cwrap(KERNEL, null, [
    ...['number', 'array', 'number'],
    ...['number', 'array', 'number'],
    ...['number', 'number', 'number'],
  ]);

  const kernelFunc: KernelFunc = (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
    const backend = call.backend as BackendWasm;
    const outer = a.shape.slice(0, -2);
    if (`${outer}` !== `${b.shape.slice(0, -2)}` || a.dtype !== 'float32' || b.dtype !== 'float32')
      return original(call);

    const upright = (matrices: TensorInfo, transposed: boolean): TensorInfo => {
      if (!transposed) return matrices;
      const axes = matrices.shape.map((_, axis) => axis);
      const perm = [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!];
      return transpose({ inputs: { x: matrices }, attrs: { perm }, backend }) as TensorInfo;
    };
    const left = upright(a, transposeA);
    const right = upright(b, transposeB);
    const [M, K] = left.shape.slice(-2) as [number, number];
    const N = right.shape.at(-1)!;
    const out = backend.makeOutput([...outer, M, N], 'float32');
    const count = outer.reduce((product, length) => product * length, 1);
    for (let i = 0; i < count; i++) {
      const [l, r, o] = [
        part(backend, left, [M, K], i),
        part(backend, right, [K, N], i),
        part(backend, out, [M, N], i),
      ];
      multiply(l.id, bytesOf([1, M, K]), 3, r.id, bytesOf([1, K, N]), 3, false, false, o.id);
      for (const { release } of [l, r, o]) release();
    }
    if (left !== a) backend.disposeData(left.dataId);
    if (right !== b) backend.disposeData(right.dataId);
    return out;
  };
  tf.unregisterKernel(KERNEL, 'wasm');
  tf.registerKernel({ kernelName: KERNEL, backendName: 'wasm', kernelFunc });
}

/** The index-th matrix of a stack, under an id of its own but in the same memory. */
function part(
  backend: BackendWasm,
  stack: TensorInfo,
  shape: [number, number],
  index: number,
): { readonly id: number; readonly release: () => void } {
  const { id, memoryOffset } = backend.dataIdMap.get(stack.dataId);
  // A lone matrix keeps its id: XNNPACK remembers how it packed the weights of that id.
  if (stack.shape.length === 2) return { id, release: () => {} };
  const view = backend.makeOutput(shape, 'float32', memoryOffset + index * shape[0] * shape[1] * 4);
  const viewId = backend.dataIdMap.get(view.dataId).id;
  const release = (): void => {
    // Not disposeData, which would free memory that the stack owns.
    backend.wasm.tfjs.disposeData(viewId);
    backend.dataIdMap.delete(view.dataId);
  };
  return { id: viewId, release };
}

function bytesOf(shape: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(shape).buffer);
}
