import { floatOfFloat16 } from '../half-precision.ts';

/** Numbers of a block. */
const BLOCK = 32;

/** What a block of 4 or 5 bits a number has besides its integers and their scale (block_q4_0 to block_q5_1 in ggml-common.h). */
interface ShortBlock {
  /** A number that is added to all; without it the integers are counted from the middle of their range. */
  readonly minimum: boolean;
  /** A fifth bit of each integer, in 4 bytes of their own. */
  readonly fifthBit: boolean;
}

/**
 * The numbers of blocks of ggml's types Q4_0, Q4_1, Q5_0 and Q5_1: scale × integer + minimum. The first half of a block is in the low
 * halves of its bytes, the second one in the high halves.
 */
function floatsOfShortBlocks(bytes: Uint8Array, { minimum, fifthBit }: ShortBlock): Float32Array {
  const integersAt = 2 + (minimum ? 2 : 0) + (fifthBit ? 4 : 0);
  const blockBytes = integersAt + BLOCK / 2;
  const floats = new Float32Array((bytes.length / blockBytes) * BLOCK);
  const middle = minimum ? 0 : fifthBit ? 16 : 8;
  for (let at = 0, to = 0; at < bytes.length; at += blockBytes, to += BLOCK) {
    const scale = floatOfFloat16(bytes[at]! | (bytes[at + 1]! << 8));
    // To add -0 changes nothing, not even another -0.
    const least = minimum ? floatOfFloat16(bytes[at + 2]! | (bytes[at + 3]! << 8)) : -0;
    const high = fifthBit ? uint32(bytes, at + integersAt - 4) : 0;
    for (let i = 0; i < BLOCK / 2; i++) {
      const two = bytes[at + integersAt + i]!;
      const first = (two & 15) | (((high >>> i) & 1) << 4);
      const second = (two >>> 4) | (((high >>> (i + BLOCK / 2)) & 1) << 4);
      floats[to + i] = scale * (first - middle) + least;
      floats[to + i + BLOCK / 2] = scale * (second - middle) + least;
    }
  }
  return floats;
}

function uint32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

export const floatsOfQ40 = (bytes: Uint8Array) =>
  floatsOfShortBlocks(bytes, { minimum: false, fifthBit: false });
export const floatsOfQ41 = (bytes: Uint8Array) =>
  floatsOfShortBlocks(bytes, { minimum: true, fifthBit: false });
export const floatsOfQ50 = (bytes: Uint8Array) =>
  floatsOfShortBlocks(bytes, { minimum: false, fifthBit: true });
export const floatsOfQ51 = (bytes: Uint8Array) =>
  floatsOfShortBlocks(bytes, { minimum: true, fifthBit: true });
