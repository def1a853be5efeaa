import { floatsOfBfloat16, floatsOfFloat16 } from '../half-precision.ts';
import { floatsOfQ4K, floatsOfQ5K, floatsOfQ6K } from './long-blocks.ts';
import { floatsOfQ8 } from './q8-0.ts';
import { floatsOfQ40, floatsOfQ41, floatsOfQ50, floatsOfQ51 } from './short-blocks.ts';
import type { GgufTensorType } from './tensor-types.ts';

/** The float32 numbers of a tensor's bytes, which begin their buffer. Whole blocks only. */
export const DECODERS: Readonly<Record<GgufTensorType, (bytes: Uint8Array<ArrayBuffer>) => Float32Array>> = {
  F32: ({ buffer, length }) => new Float32Array(buffer, 0, length / 4),
  F16: ({ buffer, length }) => floatsOfFloat16(new Uint16Array(buffer, 0, length / 2)),
  BF16: ({ buffer, length }) => floatsOfBfloat16(new Uint16Array(buffer, 0, length / 2)),
  Q4_0: floatsOfQ40,
  Q4_1: floatsOfQ41,
  Q5_0: floatsOfQ50,
  Q5_1: floatsOfQ51,
  Q8_0: floatsOfQ8,
  Q4_K: floatsOfQ4K,
  Q5_K: floatsOfQ5K,
  Q6_K: floatsOfQ6K,
};
