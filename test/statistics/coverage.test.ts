import { describe, expect, it } from 'vitest';
import { SHAPES } from './shapes.ts';
import { claimsOf, coverageOfPredictionPowered, powerOf } from './simulation.ts';

/** `npm run check:statistics` does 10,000; docs/statistics.md has its table. */
const EFFORT = { experiments: 300, resamples: 300 };
/** How far the share of 300 experiments strays from a true 5 %, in one of 30,000 cases. */
const LUCK = 4 * Math.sqrt((0.05 * 0.95) / EFFORT.experiments);

describe('over simulated experiments whose truth is known', () => {
  it.each(SHAPES)('95 % intervals cover it, and "better" is not said wrongly: $name', (shape) => {
    const { coversMean, coversDifference, saidWrongly } = claimsOf(shape, EFFORT);
    expect(coversMean).toBeGreaterThan(0.94 - LUCK);
    expect(coversDifference).toBeGreaterThan(0.94 - LUCK);
    expect(saidWrongly).toBeLessThan(0.05 + LUCK);
    if (shape.conservative !== undefined) return;
    expect(coversMean).toBeLessThan(0.96 + LUCK);
    expect(coversDifference).toBeLessThan(0.96 + LUCK);
  });

  it('a difference as large as the items can show is shown in 4 of 5', () => {
    expect(powerOf(EFFORT)).toBeGreaterThan(0.72);
    expect(powerOf(EFFORT)).toBeLessThan(0.88);
  });

  it.each([0, 5, 20, 200])(
    'labels beside a judge that errs by up to %i points cover the mean of the labels',
    (noise) => {
      expect(coverageOfPredictionPowered(noise, EFFORT)).toBeGreaterThan(0.94 - LUCK);
    },
  );
});
