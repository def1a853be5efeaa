import { familyOf } from '../families/families.ts';
import type { InitialValue } from '../families/family.ts';
import type { ModelConfig } from '../families/model-config.ts';
import type { TensorSource } from '../files/safetensors.ts';
import { keyOf, mix } from './random-bits.ts';

/** The parameters with which a model begins to learn. The same seed gives the same bytes on every machine and Node version. */
export function randomWeights(config: ModelConfig, seed: number): TensorSource[] {
  const family = familyOf(config);
  return [...family.parameterShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const bytes = () => numbersOf(family.initialValue(config, name), seed, size);
    return { name, dtype: 'F32', shape, bytes };
  });
}

function numbersOf(value: InitialValue, seed: number, size: number): Float32Array {
  if (typeof value === 'number') return new Float32Array(size).fill(value);
  return normalNumbers(`${seed}/${value.stream}`, size, value.deviation);
}

/**
 * Numbers from N(0, deviation), in float32. The n-th depends only on the stream's name and n's
 * predecessors: Box and Muller's transform in Marsaglia's polar form. Only additions, multiplications,
 * divisions and square roots are used, which IEEE 754 defines to the last bit; Math.log, cos and sin have
 * changed their last bit between versions of Node.
 */
export function normalNumbers(stream: string, count: number, deviation: number): Float32Array {
  const key = keyOf(stream);
  const numbers = new Float32Array(count + (count % 2));
  let counter = 0;
  for (let i = 0; i < count; ) {
    const x = uniform(key, counter++);
    const y = uniform(key, counter++);
    const square = x * x + y * y;
    if (square >= 1 || square === 0) continue;
    const scale = deviation * Math.sqrt((-2 * naturalLogarithm(square)) / square);
    numbers[i++] = x * scale;
    numbers[i++] = y * scale;
  }
  return numbers.subarray(0, count);
}

/** Numbers evenly from (-bound, bound), in float32, with the same property. */
export function uniformNumbers(stream: string, count: number, bound: number): Float32Array {
  const key = keyOf(stream);
  return Float32Array.from({ length: count }, (_, counter) => uniform(key, counter) * bound);
}

/** The counter-th number of a stream, even in (-1, 1). */
function uniform(key: number, counter: number): number {
  return (mix(mix(counter) ^ key) + 0.5) / 2 ** 31 - 1;
}

/** ln(x) for 0 < x < 1 by the series 2 · artanh((m - 1) / (m + 1)), with x = m · 2^-shifts and m near 1. */
function naturalLogarithm(x: number): number {
  let mantissa = x;
  let shifts = 0;
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    shifts++;
  }
  const s = (mantissa - 1) / (mantissa + 1); // |s| < 0.172, so 11 terms reach double precision
  const square = s * s;
  let sum = 0;
  for (let n = 21; n >= 1; n -= 2) sum = sum * square + 1 / n;
  return 2 * s * sum - shifts * Math.LN2;
}
