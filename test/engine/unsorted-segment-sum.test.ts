import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';

describe.each(['cpu', 'wasm'] as const)('the sum of rows by segment on %s', (engine) => {
  it('adds up all rows of a segment, however often it occurs', async () => {
    const tf = await loadEngine(engine);
    const input = fc.record({
      segments: fc.array(fc.integer({ min: -1, max: 6 }), { minLength: 1, maxLength: 40 }),
      width: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(input, ({ segments, width }) => {
        const rows = segments.map((_, row) =>
          Array.from({ length: width }, (_, column) => row * 10 + column),
        );
        const expected = Array.from({ length: 7 }, (_, segment) =>
          Array.from({ length: width }, (_, column) =>
            rows.reduce((sum, row, i) => sum + (segments[i] === segment ? row[column]! : 0), 0),
          ),
        );
        const sums = tf.tidy(() =>
          tf.unsortedSegmentSum(tf.tensor2d(rows), tf.tensor1d(segments, 'int32'), 7).arraySync(),
        );
        expect(sums).toEqual(expected);
      }),
    );
  });
});
