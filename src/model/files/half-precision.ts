/** float32 numbers of bfloat16 ones, which are the upper halves of float32. */
export function floatsOfBfloat16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** float32 numbers of IEEE 754 binary16 ones; every one of those is a float32 too. */
export function floatsOfFloat16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = floatBitsOf(halves[i]!);
  return new Float32Array(bits.buffer);
}

const floatBits = new Uint32Array(1);
const float = new Float32Array(floatBits.buffer);

/** The number of one binary16. */
export function floatOfFloat16(half: number): number {
  floatBits[0] = floatBitsOf(half);
  return float[0]!;
}

/** Bits of a binary16 -> bits of the float32: the exponent counts from 15 here, and from 127 there. */
function floatBitsOf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = half & 0x7c00;
  const fraction = half & 0x3ff;
  if (exponent === 0x7c00) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | (((half & 0x7fff) << 13) + ((127 - 15) << 23));
  if (fraction === 0) return sign;
  // Subnormal: as many steps of 2^-24. The leading bit is not written in a float32.
  const leading = 31 - Math.clz32(fraction);
  return sign | ((leading - 24 + 127) << 23) | ((fraction << (23 - leading)) & 0x7fffff);
}

/**
 * The nearest binary16 number of each float32, ties to even (IEEE 754-2019, 4.3.1): what is too large becomes
 * infinite, what is too small becomes subnormal or zero.
 */
export function float16Of(floats: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) halves[i] = halfOf(bits[i]!);
  return halves;
}

/** Bits of a float32 -> bits of the binary16; the names of the bounds are the numbers that they stand for. */
function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  const infinity = 0x7f800000;
  const halfwayBeyondLargest = 0x477ff000; // 65520
  const smallestNormal = 0x38800000; // 2^-14
  const halfOfSmallest = 0x33000000; // 2^-25
  if (size > infinity) return sign | 0x7e00; // not a number
  if (size >= halfwayBeyondLargest) return sign | 0x7c00;
  if (size <= halfOfSmallest) return sign;
  if (size < smallestNormal) {
    const significand = (size & 0x7fffff) | 0x800000;
    return sign | shiftToNearest(significand, 126 - (size >>> 23));
  }
  return sign | shiftToNearest(size - 0x38000000, 13);
}

/** value / 2^shift, rounded to the nearest integer, ties to even. */
function shiftToNearest(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value - kept * 2 ** shift;
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && kept % 2 === 1) ? kept + 1 : kept;
}
