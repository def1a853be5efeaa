import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bcaInterval } from '../../../src/statistics/mean/bca.ts';
import { boundedInterval } from '../../../src/statistics/mean/bounded-interval.ts';
import { meanOf } from '../../../src/statistics/mean/mean.ts';
import { sampleOf } from '../../../src/statistics/mean/sample.ts';
import { GOLDEN } from '../golden.ts';

const scale = { low: 0, high: 100 };
const zerosAndHundreds = (hits: number, items: number) =>
  Array.from({ length: items }, (_, item) => (item < hits ? 100 : 0));
const width = ([low, high]: readonly [number, number]) => high - low;

describe('the interval of a mean', () => {
  it.each(GOLDEN.means)(
    "is SciPy's BCa interval for $name, but for the luck of the draws",
    ({ values, bca }) => {
      const interval = bcaInterval(sampleOf(values), 1, 100_000);
      const spread = bca[1]! - bca[0]!;
      // Means of zeros and hundreds have steps of 1/110, of which ours takes no whole one.
      expect(Math.abs(interval[0] - bca[0]!)).toBeLessThan(0.035 * spread);
      expect(Math.abs(interval[1] - bca[1]!)).toBeLessThan(0.035 * spread);
    },
  );

  it.each(GOLDEN.means)("holds SciPy's BCa and t intervals for $name", ({ values, student }) => {
    const { interval } = meanOf(values, { seed: 3 });
    expect(interval![0]).toBeLessThanOrEqual(student[0]! + 1e-9);
    expect(interval![1]).toBeGreaterThanOrEqual(student[1]! - 1e-9);
    expect(width(interval!)).toBeLessThan(1.1 * (student[1]! - student[0]!));
  });

  it.each(GOLDEN.clopperPearson)(
    'of %i hundreds among %i items is that of Clopper and Pearson, if items are few or equal',
    (hits, items, ends) => {
      const { interval } = meanOf(zerosAndHundreds(hits as number, items as number), { scale, seed: 1 });
      const [low, high] = (ends as number[]).map((end) => 100 * end);
      expect(Math.abs(interval![0] - low!)).toBeLessThan(1);
      expect(Math.abs(interval![1] - high!)).toBeLessThan(1);
    },
  );

  it('of 74 zeros is not "0.00 to 0.00"', () => {
    const { interval } = meanOf(zerosAndHundreds(0, 74), { scale, seed: 1 });
    expect(interval).toEqual([0, expect.closeTo(4.8628, 3)]);
  });

  it('is unknown for one item, and for equal items without a scale', () => {
    expect(meanOf([70], { scale, seed: 1 }).interval).toBeNull();
    expect(meanOf([70, 70, 70], { seed: 1 }).interval).toBeNull();
    expect(meanOf([], { seed: 1 })).toEqual({ items: 0, groups: 0, mean: null, interval: null });
  });

  it('is wider for groups, whose items say less than as many independent ones', () => {
    const values = Array.from({ length: 120 }, (_, item) => 40 + (item % 30) + ((item * 7) % 5));
    const groups = values.map((_, item) => String(item % 30));
    const alone = meanOf(values, { scale, seed: 1 });
    const together = meanOf(values, { scale, seed: 1, groups });
    expect(together).toMatchObject({ items: 120, groups: 30, mean: alone.mean });
    expect(width(together.interval!) / width(alone.interval!)).toBeGreaterThan(1.8);
  });

  it('keeps to the scale', () => {
    const { interval } = meanOf([...zerosAndHundreds(29, 30)], { scale, seed: 1 });
    expect(interval![1]).toBe(100);
  });

  it('refuses what is no number, and groups that do not fit', () => {
    expect(() => meanOf([1, Number.NaN], { seed: 1 })).toThrow('A value is not a finite number.');
    expect(() => meanOf([1, 2], { seed: 1, groups: ['a'] })).toThrow('There are 1 groups for 2 values.');
  });
});

describe('for all values', () => {
  const values = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 40 });
  const options = { seed: 5, resamples: 300 };

  it('the order of the items does not matter', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 39 }), (items, turn) => {
        const turned = [...items.slice(turn), ...items.slice(0, turn)];
        const groupOf = (value: number) => `g${value % 4}`;
        expect(meanOf(turned, { ...options, scale })).toEqual(meanOf(items, { ...options, scale }));
        expect(meanOf(turned, { ...options, groups: turned.map(groupOf) })).toEqual(
          meanOf(items, { ...options, groups: items.map(groupOf) }),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('shifted and stretched values have the shifted and stretched interval', () => {
    fc.assert(
      fc.property(
        values,
        fc.integer({ min: -50, max: 50 }),
        fc.double({ min: 0.1, max: 9, noNaN: true }),
        (items, by, times) => {
          const moved = (value: number) => by + times * value;
          for (const bounds of [undefined, scale]) {
            const before = meanOf(items, { ...options, scale: bounds });
            const after = meanOf(items.map(moved), {
              ...options,
              scale: bounds && { low: moved(bounds.low), high: moved(bounds.high) },
            });
            expect(after.mean).toBeCloseTo(moved(before.mean!), 8);
            expect(after.interval === null).toBe(before.interval === null);
            for (const end of [0, 1] as const) {
              if (before.interval) expect(after.interval![end]).toBeCloseTo(moved(before.interval[end]), 7);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('the mean is in its interval, and the interval on the scale', () => {
    fc.assert(
      fc.property(values, (items) => {
        const { mean, interval } = meanOf(items, { ...options, scale });
        expect(interval![0]).toBeLessThanOrEqual(mean! + 1e-9);
        expect(interval![1]).toBeGreaterThanOrEqual(mean! - 1e-9);
        expect(interval![0]).toBeGreaterThanOrEqual(0);
        expect(interval![1]).toBeLessThanOrEqual(100);
      }),
      { numRuns: 100 },
    );
  });

  it('the bound that needs only the scale is wider on a wider scale', () => {
    fc.assert(
      fc.property(values, (items) => {
        const sample = sampleOf(items);
        const narrow = boundedInterval(sample, scale, 1);
        const wide = boundedInterval(sample, { low: -50, high: 150 }, 1);
        expect(wide[0]).toBeLessThan(narrow[0]);
        expect(wide[1]).toBeGreaterThan(narrow[1]);
      }),
      { numRuns: 20 },
    );
  });
});
