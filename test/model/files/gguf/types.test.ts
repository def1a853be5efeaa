import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DECODERS } from '../../../../src/model/files/gguf/decode.ts';
import { q8Of } from '../../../../src/model/files/gguf/q8-0.ts';
import { GGUF_TENSOR_TYPES, type GgufTensorType } from '../../../../src/model/files/gguf/tensor-types.ts';

/** Of ggml's own package (test/golden/gguf_types.py). */
const GOLDEN: Readonly<Record<string, { bytes: string; last: number[]; sha256: string }>> = JSON.parse(
  readFileSync(new URL('../../../golden/gguf-types.json', import.meta.url), 'utf8'),
);
const TYPES = Object.keys(GGUF_TENSOR_TYPES) as GgufTensorType[];

describe('the numbers of a tensor', () => {
  it.each(TYPES)('of %s are those that ggml makes of the same bytes, bit for bit', (type) => {
    const { bytes, last, sha256 } = GOLDEN[type]!;
    const floats = DECODERS[type](Uint8Array.from(Buffer.from(bytes, 'base64')));
    expect([...floats.slice(-8)]).toEqual(last);
    expect(createHash('sha256').update(new Uint8Array(floats.buffer)).digest('hex')).toBe(sha256);
  });

  it('of Q8_0 are within half of a step of those that were written', () => {
    const numbers = fc.array(fc.float({ min: -10, max: 10, noNaN: true }), { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(numbers, (values) => {
        const back = DECODERS.Q8_0(Uint8Array.from(q8Of(Float32Array.from(values))));
        for (const block of [0, 32]) {
          const largest = Math.max(...values.slice(block, block + 32).map(Math.abs));
          // Half of a step, and what rounding the scale to binary16 moves the largest integer by.
          const bound = largest / 254 + largest * 2 ** -11 + 127 * 2 ** -25;
          for (let i = block; i < block + 32; i++)
            expect(Math.abs(back[i]! - values[i]!)).toBeLessThanOrEqual(bound * 1.001);
        }
      }),
    );
  });
});
