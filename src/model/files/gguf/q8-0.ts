import { float16Of, floatOfFloat16 } from '../half-precision.ts';

/** Numbers that share a scale. */
const BLOCK = 32;
/** A scale in binary16 and one byte a number. */
const BLOCK_BYTES = 2 + BLOCK;

/**
 * Q8_0 of ggml (quantize_row_q8_0_ref in ggml-quants.c): each 32 numbers as 8-bit integers times the largest of
 * them / 127. `floats`: a multiple of 32 numbers; a block does not go beyond a row where rows are such multiples.
 */
export function q8Of(floats: Float32Array): Uint8Array {
  const count = floats.length / BLOCK;
  const scales = new Float32Array(count);
  const bytes = new Uint8Array(count * BLOCK_BYTES);
  const integers = new Int8Array(bytes.buffer);
  for (let block = 0; block < count; block++) {
    const start = block * BLOCK;
    let largest = 0;
    for (let i = start; i < start + BLOCK; i++) largest = Math.max(largest, Math.abs(floats[i]!));
    const scale = Math.fround(largest / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    scales[block] = scale;
    for (let i = 0; i < BLOCK; i++) {
      integers[block * BLOCK_BYTES + 2 + i] = roundHalfAway(Math.fround(floats[start + i]! * inverse));
    }
  }
  const halves = new Uint8Array(float16Of(scales).buffer);
  for (let block = 0; block < count; block++) {
    bytes[block * BLOCK_BYTES] = halves[2 * block]!;
    bytes[block * BLOCK_BYTES + 1] = halves[2 * block + 1]!;
  }
  return bytes;
}

/** The numbers of such blocks again: scale × integer. */
export function floatsOfQ8(bytes: Uint8Array): Float32Array {
  const integers = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const floats = new Float32Array((bytes.length / BLOCK_BYTES) * BLOCK);
  for (let at = 0, to = 0; at < bytes.length; at += BLOCK_BYTES, to += BLOCK) {
    const scale = floatOfFloat16(bytes[at]! | (bytes[at + 1]! << 8));
    for (let i = 0; i < BLOCK; i++) floats[to + i] = scale * integers[at + 2 + i]!;
  }
  return floats;
}

/** C's roundf: halves go away from zero. */
function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}
