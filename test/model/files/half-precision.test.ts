import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { q8Of } from '../../../src/model/files/gguf/q8-0.ts';
import { float16Of, floatsOfBfloat16, floatsOfFloat16 } from '../../../src/model/files/half-precision.ts';

const half = (value: number) => float16Of(Float32Array.of(value))[0]!;

describe('binary16', () => {
  it('comes back from float32 unchanged, every number of it', () => {
    const all = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
    const back = float16Of(floatsOfFloat16(all));
    const different = all.filter((bits, i) => back[i] !== bits && !((bits & 0x7fff) > 0x7c00));
    expect([...different]).toEqual([]);
  });

  it.each([
    ['one', 1, 0x3c00],
    ['a tie goes to the even one below', 1 + 2 ** -11, 0x3c00],
    ['a tie goes to the even one above', 1 + 3 * 2 ** -11, 0x3c02],
    ['the largest', 65504, 0x7bff],
    ['what rounds to the largest', 65519, 0x7bff],
    ['what is nearer to 65536', 65520, 0x7c00],
    ['the smallest', 2 ** -24, 0x0001],
    ['half of the smallest', 2 ** -25, 0x0000],
    ['more than half of it', 2 ** -25 + 2 ** -40, 0x0001],
    ['the last subnormal one, rounded up', 2 ** -14 - 2 ** -26, 0x0400],
    ['negative zero', -0, 0x8000],
    ['infinity', Number.NEGATIVE_INFINITY, 0xfc00],
    ['no number', Number.NaN, 0x7e00],
  ])('is the nearest: %s', (_, value, bits) => {
    expect(half(value)).toBe(bits);
  });

  it('is never farther than half of a step', () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const [back] = floatsOfFloat16(float16Of(Float32Array.of(value)));
        const step = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(value) || 2 ** -24)) - 10));
        expect(Math.abs(back! - value)).toBeLessThanOrEqual(step / 2);
      }),
    );
  });
});

it('bfloat16 is the upper half of a float32', () => {
  expect([...floatsOfBfloat16(Uint16Array.of(0x3f80, 0xc000, 0x0001))]).toEqual([1, -2, 2 ** -133]);
});

describe('Q8_0', () => {
  it('is a scale and an integer for each of 32 numbers', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (i === 0 ? 127 : i - 16));
    const bytes = q8Of(values);
    expect(new Uint16Array(bytes.slice(0, 2).buffer)[0]).toBe(0x3c00);
    expect([...new Int8Array(bytes.slice(2).buffer)]).toEqual([...values]);
  });

  it('of zeros is zeros', () => {
    expect(q8Of(new Float32Array(64))).toEqual(new Uint8Array(68));
  });

  it('is never farther than a little more than half of a step', () => {
    const block = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(block, (numbers) => {
        const largest = Math.max(1e-3, ...numbers.map(Math.abs));
        const bytes = q8Of(Float32Array.from([...numbers.slice(0, -1), largest]));
        const [scale] = floatsOfFloat16(new Uint16Array(bytes.slice(0, 2).buffer));
        const back = [...new Int8Array(bytes.slice(2).buffer)].map((integer) => integer * scale!);
        for (const [i, value] of numbers.slice(0, -1).entries()) {
          // The scale itself is rounded to binary16: up to 2^-11 of the value.
          expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(largest * (0.5 / 127 + 2 ** -10));
        }
      }),
    );
  });
});
