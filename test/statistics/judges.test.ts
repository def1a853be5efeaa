import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreement, bothScored } from '../../src/statistics/agreement/agreement.ts';
import { calibration } from '../../src/statistics/agreement/calibration.ts';
import { lengthBias, orderBias, repeatSpread } from '../../src/statistics/agreement/judge-bias.ts';
import { krippendorffAlpha } from '../../src/statistics/agreement/krippendorff.ts';
import { predictionPowered } from '../../src/statistics/agreement/prediction-powered.ts';
import { GOLDEN } from './golden.ts';

describe('agreement of judges', () => {
  it.each(GOLDEN.agreement)('is what SciPy and krippendorff give: $alphaInterval', (given) => {
    const { ratings, ...expected } = given;
    const ours = agreement(ratings);
    for (const [measure, value] of Object.entries(expected)) {
      expect(ours[measure as keyof typeof ours], measure).toBeCloseTo(value, 12);
    }
  });

  it('counts the items that two judges scored', () => {
    const ratings = [
      [10, null, 30, 40],
      [10, 20, null, 50],
      [null, null, null, 40],
    ];
    // 10 and 10 of item 0; 40, 50 and 40 of item 3: one equal pair of three judges on average.
    expect(agreement(ratings)).toMatchObject({ items: 2, exact: (1 / 2 + 1 + 0) / 3 });
  });

  it('is unknown, never perfect, where all scores are equal or nothing is scored twice', () => {
    const none = { pearson: null, spearman: null, kendall: null, alphaInterval: null, alphaOrdinal: null };
    expect(
      agreement([
        [70, 70],
        [70, 70],
      ]),
    ).toEqual({ ...none, items: 2, exact: 1 });
    expect(
      agreement([
        [70, null],
        [null, 60],
      ]),
    ).toEqual({ ...none, items: 0, exact: null });
    expect(agreement([])).toEqual({ ...none, items: 0, exact: null });
  });

  it('does not depend on the order of judges and items', () => {
    const score = fc.option(fc.integer({ min: 0, max: 5 }), { nil: null });
    const items = fc.array(fc.tuple(score, score, score), { minLength: 1, maxLength: 20 });
    const judges = (rows: (number | null)[][]) => [0, 1, 2].map((judge) => rows.map((row) => row[judge]!));
    fc.assert(
      fc.property(items, (rows) => {
        for (const level of ['interval', 'ordinal'] as const) {
          const alpha = krippendorffAlpha(judges(rows), level);
          const turned = krippendorffAlpha(
            judges(rows)
              .reverse()
              .map((judge) => judge.reverse()),
            level,
          );
          if (alpha === null) expect(turned).toBeNull();
          else expect(turned).toBeCloseTo(alpha, 10);
        }
      }),
    );
  });
});

describe('a few labels beside many scores of a judge', () => {
  it.each(GOLDEN.predictionPowered)("give ppi-python's mean and a slightly wider interval", (given) => {
    const { human, judge, unlabelled } = given;
    for (const [lambda, [low, high]] of given.given as [number, [number, number]][]) {
      const { mean, interval } = predictionPowered(human, judge, unlabelled, { lambda })!;
      expect(mean).toBeCloseTo((low + high) / 2, 9);
      const wider = (interval[1] - interval[0]) / (high - low);
      expect(wider).toBeGreaterThan(1);
      expect(wider).toBeLessThan(1.12);
    }
    const tuned = predictionPowered(human, judge, unlabelled)!.interval;
    const [low, high] = given.tuned as [number, number];
    expect((tuned[1] - tuned[0]) / (high - low)).toBeLessThan(1.12);
    expect((tuned[0] + tuned[1]) / 2).toBeCloseTo((low + high) / 2, -1);
  });

  it('are worth more with a good judge, and no less with a useless one', () => {
    const widths = GOLDEN.predictionPowered.map(({ human, judge, unlabelled }) => {
      const alone = predictionPowered(human, judge, unlabelled, { lambda: 0 })!.interval;
      const both = predictionPowered(human, judge, unlabelled)!.interval;
      return (both[1] - both[0]) / (alone[1] - alone[0]);
    });
    expect(widths[0]).toBeLessThan(0.6);
    expect(widths.at(-1)).toBeCloseTo(1, 1);
  });

  it('say nothing where there are too few or no spread, and stay on the scale', () => {
    expect(predictionPowered([1, 2], [1, 2], [1, 2])).toBeNull();
    expect(predictionPowered([1, 2, 3], [1, 2, 3], [1])).toBeNull();
    expect(predictionPowered([5, 5, 5], [5, 5, 5], [5, 5])).toBeNull();
    expect(
      predictionPowered([100, 90, 100], [9, 3, 7], [9, 9, 2], { scale: { low: 0, high: 100 } })!.interval[1],
    ).toBe(100);
    expect(() => predictionPowered([1, 2, 3], [1], [1, 2])).toThrow('3 labels have 1 scores of the judge.');
  });
});

describe('calibration', () => {
  it('says how much too high a judge scores, and how far off it is', () => {
    const judge = [90, 80, 70, null, 60];
    const human = [80, 80, 50, 40, null];
    const { bias, distance, agreement } = calibration(judge, human, {
      scale: { low: 0, high: 100 },
      seed: 1,
    });
    expect(bias).toMatchObject({ items: 3, difference: 10 });
    expect(distance).toBe(10);
    expect(agreement.exact).toBe(1 / 3);
  });

  it('is unknown without labels', () => {
    expect(calibration([1], [null], { seed: 1 })).toMatchObject({
      distance: null,
      bias: { difference: null },
    });
  });

  it('takes the items that both scored', () => {
    expect(bothScored([1, null, 3], [4, 5, null])).toEqual([[1], [4]]);
  });
});

describe('bias of a judge', () => {
  it('for long replies is the correlation of ranks, with an interval', () => {
    const lengths = Array.from({ length: 50 }, (_, item) => 10 + item);
    const bias = lengthBias(
      lengths.map((length) => (length * 37) % 61),
      lengths,
    );
    expect(Math.abs(bias.value!)).toBeLessThan(0.3);
    expect(bias.interval![0]).toBeLessThan(0);
    expect(bias.interval![1]).toBeGreaterThan(0);
    // Fisher's interval by hand: artanh(0.5) ± 1.96 √((1 + 0.125)/1) of 4 items.
    expect(lengthBias([1, 2, 3, 4], [2, 1, 4, 3])).toEqual({
      value: expect.closeTo(0.6, 12),
      interval: [
        expect.closeTo(Math.tanh(Math.atanh(0.6) - 1.959964 * Math.sqrt(1.18)), 6),
        expect.closeTo(Math.tanh(Math.atanh(0.6) + 1.959964 * Math.sqrt(1.18)), 6),
      ],
    });
    expect(lengthBias([1, 2, 3], [3, 2, 4]).interval).toBeNull();
    expect(lengthBias([5, 5, 5, 5], [1, 2, 3, 4])).toEqual({ value: null, interval: null });
  });

  it.each(GOLDEN.wilson)(
    'for an order has the Wilson interval of statsmodels: %i of %i items',
    (turned, items, ends) => {
      const judged = Array.from({ length: items as number }, (_, item) =>
        item < (turned as number) ? (['first', 'second'] as const) : (['tie', 'tie'] as const),
      );
      const { value, interval } = orderBias(judged);
      expect(value).toBe((turned as number) / (items as number));
      for (const end of [0, 1] as const) expect(interval![end]).toBeCloseTo((ends as number[])[end]!, 12);
    },
  );

  it('for an order is unknown without items', () => {
    expect(orderBias([])).toEqual({ value: null, interval: null });
  });

  it('of chance is the spread of repeated scores within an item', () => {
    // Variances 200 and 0 with one degree of freedom each; a single score tells nothing.
    expect(repeatSpread([[50, 70], [80, 80], [10]])).toBe(10);
    expect(repeatSpread([[10], []])).toBeNull();
  });
});
