import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileElementWise } from '../../../src/engine/onnxruntime/element-wise.ts';

const round = Math.fround;
const float32Array = (length: number) =>
  fc.array(fc.float(), { minLength: length, maxLength: length }).map((list) => Float32Array.from(list));

describe('an element-wise computation', () => {
  it('computes every operation as float32 does, whatever the numbers', () => {
    const compute = compileElementWise({
      arrays: ['x', 'y', 'sum', 'difference', 'product', 'quotient', 'root'],
      numbers: ['n'],
      assignments: [
        ['sum', ['add', 'x', 'n']],
        ['difference', ['sub', 'x', 'y']],
        ['product', ['mul', 'x', 'y']],
        ['quotient', ['div', 'n', 'y']],
        ['root', ['sqrt', 'x']],
      ],
    });
    const example = fc
      .nat(9)
      .chain((length) => fc.record({ x: float32Array(length), y: float32Array(length), n: fc.double() }));
    fc.assert(
      fc.property(example, ({ x, y, n }) => {
        const result = () => new Float32Array(x.length);
        const results = {
          sum: result(),
          difference: result(),
          product: result(),
          quotient: result(),
          root: result(),
        };
        compute({ x, y, ...results }, { n });
        const expected = (of: (x: number, y: number, n: number) => number) =>
          x.map((value, i) => of(value, y[i]!, round(n)));
        expect(results).toEqual({
          sum: expected((x, _, n) => x + n),
          difference: expected((x, y) => x - y),
          product: expected((x, y) => x * y),
          quotient: expected((_, y, n) => n / y),
          root: expected((x) => Math.sqrt(x)),
        });
      }),
    );
  });

  it('takes the newest value of an array, and leaves the others as they are', () => {
    const compute = compileElementWise({
      arrays: ['a', 'b', 'c'],
      numbers: [],
      assignments: [
        ['a', ['add', 'a', 'c']],
        ['b', ['mul', 'a', ['sub', 'a', 'c']]],
      ],
    });
    const arrays = { a: Float32Array.of(1, 2), b: Float32Array.of(0, 0), c: Float32Array.of(10, 20) };
    compute(arrays, {});
    expect(arrays).toEqual({
      a: Float32Array.of(11, 22),
      b: Float32Array.of(11, 44),
      c: Float32Array.of(10, 20),
    });
  });

  it.each([0, 1, 8191, 8192, 8193, 20_001])('reaches each of %i elements once', (length) => {
    const compute = compileElementWise({
      arrays: ['x'],
      numbers: ['one'],
      assignments: [['x', ['add', 'x', 'one']]],
    });
    // Part of a larger array, whose other elements stay.
    const whole = Float32Array.from({ length: length + 2 }, (_, i) => i);
    compute({ x: whole.subarray(1, length + 1) }, { one: 1 });
    expect(whole).toEqual(
      Float32Array.from({ length: length + 2 }, (_, i) => (i === 0 || i === length + 1 ? i : i + 1)),
    );
  });
});
