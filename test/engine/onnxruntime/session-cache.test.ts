import { afterEach, describe, expect, it } from 'vitest';
import { intermediateBytes } from '../../../src/engine/onnxruntime/intermediate-bytes.ts';
import { type Program, programFor } from '../../../src/engine/onnxruntime/program.ts';
import { SessionCache } from '../../../src/engine/onnxruntime/session-cache.ts';
import { known, type Operand, record } from '../../../src/engine/onnxruntime/trace.ts';

/** exp(…exp(x)…) of `length` elements, `depth` times. */
function chain(length: number, depth = 2): Program {
  let x: Operand = known(new Float32Array(length), [length], 'float32');
  for (let i = 0; i < depth; i++) x = record('Exp', [x], [length], 'float32');
  return programFor([x.value]);
}

describe('the memory of intermediate results', () => {
  it('is that of those needed at the same time, without inputs and outputs', () => {
    expect(intermediateBytes(chain(100, 1))).toBe(0);
    expect(intermediateBytes(chain(100, 2))).toBe(400);
    expect(intermediateBytes(chain(100, 9))).toBe(800); // one that is read, and one that is written
  });

  it('holds what is read much later', () => {
    const x = known(new Float32Array(100), [100], 'float32');
    const early = record('Exp', [x], [100], 'float32');
    const late = record('Exp', [record('Exp', [x], [100], 'float32')], [100], 'float32');
    const sum = record('Add', [early, late], [100], 'float32');
    expect(intermediateBytes(programFor([sum.value]))).toBe(1200);
  });
});

describe('the sessions that are kept', () => {
  let cache = new SessionCache(true);
  afterEach(() => {
    cache.dispose();
    cache = new SessionCache(true);
  });

  it('serve every program of the same structure', () => {
    expect(cache.get(chain(8))).toBe(cache.get(chain(8)));
    expect(cache.get(chain(9))).not.toBe(cache.get(chain(8)));
    expect(cache.compiled).toBe(2);
  });

  it('are 64 at most, and the least recently used goes first', () => {
    for (let length = 1; length <= 64; length++) cache.get(chain(length));
    cache.get(chain(1));
    cache.get(chain(65));
    expect(cache.compiled).toBe(65);
    cache.get(chain(1));
    expect(cache.compiled).toBe(65);
    cache.get(chain(2));
    expect(cache.compiled).toBe(66);
  });

  it('take a gigabyte at most for intermediate results, but two stay whatever they take', () => {
    // Lengths only: nothing runs, so nothing of this is allocated.
    const huge = (name: string) => {
      const x = known(new Float32Array(1), [1], 'float32');
      const wide = record(
        'Expand',
        [x, { constant: [2 ** 28], type: 'int64', shape: [1] }],
        [2 ** 28],
        'float32',
      );
      return programFor([
        record(name, [wide, { constant: [0], type: 'int64', shape: [1] }], [1], 'float32').value,
      ]);
    };
    const [sum, mean, most] = ['ReduceSum', 'ReduceMean', 'ReduceMax'] as const;
    for (const name of [sum, mean, sum, mean]) cache.get(huge(name));
    expect(cache.compiled).toBe(2);
    for (const name of [most, mean]) cache.get(huge(name));
    expect(cache.compiled).toBe(3);
    cache.get(huge(sum));
    expect(cache.compiled).toBe(4);
  });
});
