import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holm } from '../../../src/statistics/difference/holm.ts';
import { pairedDifference } from '../../../src/statistics/difference/paired-difference.ts';
import { itemsFor, smallestDifference } from '../../../src/statistics/difference/power.ts';
import { signFlipTest } from '../../../src/statistics/difference/sign-flip.ts';
import { sampleOf } from '../../../src/statistics/mean/sample.ts';
import { GOLDEN } from '../golden.ts';

const scale = { low: 0, high: 100 };

describe('the sign-flip test', () => {
  it.each(GOLDEN.signFlip)("has SciPy's p value: $p", ({ values, p, exact }) => {
    const ours = signFlipTest(sampleOf(values), 1);
    // Of 9,999 patterns drawn the share has a standard deviation of at most 0.005.
    if (exact) expect(ours).toBeCloseTo(p, 12);
    else expect(Math.abs(ours - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 9999) + 1e-4);
  });

  it('never gives 0, whatever is seen', () => {
    expect(signFlipTest(sampleOf(Array(200).fill(50)), 1)).toBe(1 / 10_000);
  });

  it('flips whole groups: ten items of three groups are three differences', () => {
    const groups = [...'aaaabbbccc'];
    expect(signFlipTest(sampleOf(Array(10).fill(1), groups), 1)).toBe(2 / 2 ** 3);
  });
});

describe('a paired difference', () => {
  it('pairs items that have both values, and counts wins, ties and losses', () => {
    const pair = pairedDifference([90, 50, null, 40, 70], [80, 50, 10, 60, null], { scale, seed: 1 });
    expect(pair).toMatchObject({ items: 3, unpaired: 2, greater: 1, equal: 1, smaller: 1, p: 1 });
    expect(pair.difference).toBeCloseTo(-10 / 3, 12);
  });

  it('keeps groups with their items when unscored ones are left out', () => {
    const pair = pairedDifference([1, null, 3, 4], [0, 0, 0, 0], { seed: 1, groups: ['a', 'b', 'c', 'c'] });
    expect(pair).toMatchObject({ items: 3, groups: 2 });
  });

  it('says nothing without items', () => {
    expect(pairedDifference([null], [3], { scale, seed: 1 })).toMatchObject({
      items: 0,
      difference: null,
      interval: null,
      p: null,
      smallestDifference: null,
    });
  });

  it('refuses values of other items', () => {
    expect(() => pairedDifference([1], [1, 2], { seed: 1 })).toThrow(
      '1 and 2 values are not of the same items.',
    );
  });

  it('is the negative of that of the two exchanged, to the last bit', () => {
    const score = fc.option(
      fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 100, noNaN: true })),
      {
        nil: null,
        freq: 8,
      },
    );
    const items = fc.array(fc.tuple(score, score, fc.constantFrom('a', 'b', 'c', 'd', 'e')), {
      maxLength: 45,
    });
    fc.assert(
      fc.property(items, fc.boolean(), (rows, inGroups) => {
        const first = rows.map(([value]) => value);
        const second = rows.map(([, value]) => value);
        const options = {
          scale,
          seed: 2,
          resamples: 300,
          groups: inGroups ? rows.map(([, , group]) => group) : undefined,
        };
        const there = pairedDifference(first, second, options);
        const back = pairedDifference(second, first, options);
        expect(back.p).toBe(there.p);
        expect([back.greater, back.smaller]).toEqual([there.smaller, there.greater]);
        expect(back.smallestDifference).toBe(there.smallestDifference);
        // 0 + x and 0 - x rather than x and -x: 0 and -0 are the same.
        expect(0 + (back.difference ?? 0)).toBe(0 - (there.difference ?? 0));
        expect(back.interval?.map((end) => 0 - end).reverse()).toEqual(there.interval?.map((end) => end + 0));
      }),
      { numRuns: 100 },
    );
  });
});

describe("Holm's correction", () => {
  it.each(GOLDEN.holm)('of %j is that of statsmodels', (ps, corrected) => {
    for (const [at, p] of holm(ps!).entries()) expect(p).toBeCloseTo(corrected![at]!, 12);
  });
});

describe('what items can show', () => {
  /** Values with the deviation 1 exactly: half up, half down. */
  const spread = (items: number, deviation: number) =>
    sampleOf(
      Array.from(
        { length: items },
        (_, item) => (item % 2 ? 1 : -1) * deviation * Math.sqrt((items - 1) / items),
      ),
    );

  it.each(GOLDEN.power)(
    'with $items items is what the power of statsmodels says, within 1.5 %',
    ({ items, deviation, difference }) => {
      expect(smallestDifference(spread(items, deviation))! / difference).toBeCloseTo(1, items > 10 ? 2 : 1);
    },
  );

  it('and how many items show a difference are one relation', () => {
    for (const items of [6, 110, 1000]) {
      const sample = spread(items, 30);
      const shown = smallestDifference(sample)!;
      expect(itemsFor(shown * 1.0001, sample)).toBe(items);
      expect(itemsFor(shown / 2, sample)! / items).toBeGreaterThanOrEqual(3);
    }
  });

  it('is unknown where all differences are equal', () => {
    expect(smallestDifference(sampleOf([2, 2, 2]))).toBeNull();
    expect(itemsFor(1, sampleOf([2, 2, 2]))).toBeNull();
    expect(() => itemsFor(0, spread(6, 1))).toThrow('A difference of 0 cannot be shown: give one above 0.');
  });
});
