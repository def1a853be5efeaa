import type { TensorSource } from '../files/safetensors.ts';
import { type Gpt2Config, parameterShapes } from './gpt2.ts';
import { keyOf, mix } from './random-bits.ts';

/** Standard deviation of GPT-2's initial weights. */
const DEVIATION = 0.02;

/**
 * Initial parameters as GPT-2 had them (Radford et al. 2019, section 2.3): weights from N(0, 0.02), those that
 * feed the residual stream scaled by 1/√(2 · layers) because so many of them add up there, biases 0, gains 1.
 * A head of its own begins as a copy of the token embedding. The same seed gives the same bytes on every
 * machine and Node version.
 */
export function randomWeights(config: Gpt2Config, seed: number): TensorSource[] {
  return [...parameterShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return { name, dtype: 'F32', shape, bytes: () => initialValues(config, seed, name, size) };
  });
}

function initialValues(config: Gpt2Config, seed: number, name: string, size: number): Float32Array {
  if (/\.ln_(1|2|f)\.weight$/.test(name)) return new Float32Array(size).fill(1);
  if (name.endsWith('.bias')) return new Float32Array(size);
  const deviation = name.endsWith('.c_proj.weight') ? DEVIATION / Math.sqrt(2 * config.n_layer) : DEVIATION;
  const stream = name === 'lm_head.weight' ? 'transformer.wte.weight' : name;
  return normalNumbers(`${seed}/${stream}`, size, deviation);
}

/**
 * Numbers from N(0, deviation), in float32, the n-th of which depends on nothing but the stream's name and n's
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

/** Numbers evenly from (-bound, bound), in float32, of which the same holds. */
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
