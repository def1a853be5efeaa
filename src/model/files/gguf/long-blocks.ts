import { floatOfFloat16 } from '../half-precision.ts';

/*
 * ggml's "k-quants": blocks of 256 numbers whose parts have scales of their own, which are integers, too (block_q4_K to block_q6_K in
 * ggml-common.h).
 */

const BLOCK = 256;
/** Numbers that share a scale and a minimum in Q4_K and Q5_K. */
const PART = 32;
const PARTS = BLOCK / PART;
/** Two scales in binary16, then 6 bits of scale and 6 bits of minimum for each part. */
const SCALES_AT = 4;
const SCALES_BYTES = 12;

/** Q4_K: scale × integer of 4 bits - minimum. */
export const floatsOfQ4K = (bytes: Uint8Array) => floatsOfParts(bytes, false);
/** Q5_K: the same with a fifth bit, of which a byte has those of all parts. */
export const floatsOfQ5K = (bytes: Uint8Array) => floatsOfParts(bytes, true);

function floatsOfParts(bytes: Uint8Array, fifthBit: boolean): Float32Array {
  const highAt = SCALES_AT + SCALES_BYTES;
  const integersAt = highAt + (fifthBit ? PART : 0);
  const blockBytes = integersAt + BLOCK / 2;
  const floats = new Float32Array((bytes.length / blockBytes) * BLOCK);
  for (let at = 0, to = 0; at < bytes.length; at += blockBytes, to += BLOCK) {
    const scale = floatOfFloat16(bytes[at]! | (bytes[at + 1]! << 8));
    const minimumScale = floatOfFloat16(bytes[at + 2]! | (bytes[at + 3]! << 8));
    for (let part = 0; part < PARTS; part++) {
      const step = scale * partScale(bytes, at + SCALES_AT, part);
      const least = minimumScale * partMinimum(bytes, at + SCALES_AT, part);
      const shift = 4 * (part & 1);
      const from = at + integersAt + PART * (part >>> 1);
      for (let i = 0; i < PART; i++) {
        const high = fifthBit ? ((bytes[at + highAt + i]! >>> part) & 1) << 4 : 0;
        const integer = ((bytes[from + i]! >>> shift) & 15) | high;
        floats[to + PART * part + i] = step * integer - least;
      }
    }
  }
  return floats;
}

/** The first four scales fill six bits of a byte; the upper bits of the others are above them. */
function partScale(bytes: Uint8Array, at: number, part: number): number {
  if (part < 4) return bytes[at + part]! & 63;
  return (bytes[at + part + 4]! & 15) | ((bytes[at + part - 4]! >>> 6) << 4);
}

/** As the scales, with the next four bytes and the other half of the last four. */
function partMinimum(bytes: Uint8Array, at: number, part: number): number {
  if (part < 4) return bytes[at + part + 4]! & 63;
  return (bytes[at + part + 4]! >>> 4) | ((bytes[at + part]! >>> 6) << 4);
}

const Q6_BYTES = 210;

/**
 * Q6_K: scale × integer of 6 bits, counted from 32. A block has the lower 4 bits of its numbers (128 bytes), the upper 2 (64 bytes), a
 * scale of 8 bits for each 16 numbers, and their scale. Each half of a block has half of the bytes.
 */
export function floatsOfQ6K(bytes: Uint8Array): Float32Array {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const floats = new Float32Array((bytes.length / Q6_BYTES) * BLOCK);
  for (let at = 0, to = 0; at < bytes.length; at += Q6_BYTES, to += BLOCK) {
    const scale = floatOfFloat16(bytes[at + 208]! | (bytes[at + 209]! << 8));
    for (let eighth = 0; eighth < 8; eighth++) {
      const half = eighth >>> 2;
      const within = eighth & 3;
      const lowAt = at + 64 * half + 32 * (within & 1);
      const lowShift = 4 * (within >>> 1);
      const highAt = at + 128 + 32 * half;
      const highShift = 2 * within;
      for (let i = 0; i < 32; i++) {
        const low = (bytes[lowAt + i]! >>> lowShift) & 15;
        const high = ((bytes[highAt + i]! >>> highShift) & 3) << 4;
        const step = scale * signed[at + 192 + 2 * eighth + (i >>> 4)]!;
        floats[to + 32 * eighth + i] = step * ((low | high) - 32);
      }
    }
  }
  return floats;
}
