import type { Tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '../../src/engine/engine.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';

const size = fc.integer({ min: 1, max: 9 });
const product = fc.record({
  outer: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  rows: size,
  inner: size,
  columns: size,
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  broadcast: fc.boolean(),
});

describe('the matrix product of the wasm engine', () => {
  let tf: Tf;
  beforeAll(async () => {
    await loadEngine('cpu');
    tf = await loadEngine('wasm');
  });

  it('agrees with the cpu engine for stacks, transposes and broadcasts, and leaks nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        product,
        async ({ outer, rows, inner, columns, transposeA, transposeB, broadcast }) => {
          const aShape = [...outer, ...(transposeA ? [inner, rows] : [rows, inner])];
          const bShape = [
            ...(broadcast ? outer.map(() => 1) : outer),
            ...(transposeB ? [columns, inner] : [inner, columns]),
          ];
          const compute = async (engine: string): Promise<number[]> => {
            await tf.setBackend(engine);
            const [a, b] = [sequence(tf, aShape, 7), sequence(tf, bShape, 5)];
            const result = tf.matMul(a, b, transposeA, transposeB);
            const values = [...(await result.data())];
            tf.dispose([a, b, result]);
            return values;
          };
          const stored = () => tf.findBackend('wasm').numDataIds();
          const before = stored();
          expect(await compute('wasm')).toEqual(await compute('cpu'));
          expect(stored()).toBe(before);
        },
      ),
    );
  });
});

/** Small integers, whose products and sums float32 holds exactly. */
function sequence(tf: Tf, shape: number[], step: number): Tensor {
  const size = shape.reduce((count, length) => count * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => ((i * step) % 11) - 5),
    shape,
  );
}
