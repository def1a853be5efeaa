import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type LearningRateOptions,
  learningRateAt,
  warmupUpdates,
} from '../../../src/training/optimizer/learning-rate.ts';

/** Schedules with a warm-up that ends before the training, and its length in updates. */
const schedules = fc
  .record({
    schedule: fc.constantFrom('constant' as const, 'cosine' as const),
    peak: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    initialShare: fc.double({ min: 0, max: 1, noNaN: true }),
    minimumShare: fc.double({ min: 0, max: 1, noNaN: true }),
    updates: fc.integer({ min: 1, max: 2000 }),
    warmupShare: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map(({ schedule, peak, initialShare, minimumShare, updates, warmupShare }) => ({
    options: {
      schedule,
      peak,
      warmup: Math.floor(warmupShare * updates),
      initial: initialShare * peak,
      minimum: minimumShare * peak,
    } satisfies LearningRateOptions,
    updates,
  }));

const ratesOf = (options: LearningRateOptions, updates: number) =>
  Array.from({ length: updates }, (_, step) => learningRateAt(step, options, updates));

describe('learningRateAt', () => {
  it('is the schedule of the book: 3 updates of warm-up in 7', () => {
    const book = { schedule: 'cosine', peak: 1e-3, warmup: 3, initial: 1e-4, minimum: 1e-5 } as const;
    const expected = [1e-4, 4e-4, 7e-4, 1e-3, 8.55017856687341e-4, 5.05e-4, 1.54982143312659e-4];
    for (const [step, rate] of ratesOf(book, 7).entries()) expect(rate).toBeCloseTo(expected[step]!, 12);
  });

  it('is the same for every update without warm-up and schedule', () => {
    const constant = { schedule: 'constant', peak: 5e-5, warmup: 0, initial: 0, minimum: 0 } as const;
    expect(new Set(ratesOf(constant, 100))).toEqual(new Set([5e-5]));
  });

  it('never is above the peak or below the lower of both ends', () => {
    fc.assert(
      fc.property(schedules, ({ options, updates }) => {
        const rounding = 1e-12 * options.peak;
        const lowest = Math.min(options.initial, options.minimum);
        for (const rate of ratesOf(options, updates)) {
          expect(rate).toBeLessThanOrEqual(options.peak + rounding);
          expect(rate).toBeGreaterThanOrEqual(lowest - rounding);
        }
      }),
    );
  });

  it('rises in equal steps that reach the peak with the first update after the warm-up', () => {
    fc.assert(
      fc.property(schedules, ({ options, updates }) => {
        const { warmup, peak, initial } = options;
        const rates = ratesOf(options, updates);
        expect(rates[warmup]).toBeCloseTo(peak, 14);
        for (let step = 0; step < warmup; step++) {
          expect(rates[step + 1]! - rates[step]!).toBeCloseTo((peak - initial) / warmup, 12);
        }
      }),
    );
  });

  it('falls to the minimum after the warm-up, without ever rising', () => {
    fc.assert(
      fc.property(schedules, ({ options, updates }) => {
        const cosine = { ...options, schedule: 'cosine' as const };
        const falling = ratesOf(cosine, updates).slice(options.warmup);
        for (const [i, rate] of falling.slice(1).entries()) expect(rate).toBeLessThanOrEqual(falling[i]!);
        expect(learningRateAt(updates, cosine, updates)).toBe(options.minimum);
      }),
    );
  });
});

describe('warmupUpdates', () => {
  it('takes a number below 1 as a share of all updates, rounded down', () => {
    expect(warmupUpdates(0.2, 232)).toBe(46);
    expect(warmupUpdates(1, 232)).toBe(1);
    expect(warmupUpdates(0, 232)).toBe(0);
  });
});
