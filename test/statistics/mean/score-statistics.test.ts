import { describe, expect, it } from 'vitest';
import { scoreStatistics } from '../../../src/statistics/mean/score-statistics.ts';

const of = (...scores: (number | null)[]) => scoreStatistics(scores.map((score) => ({ score })));

describe('the statistics of scores', () => {
  it('are mean, sample deviation and an interval', () => {
    // s² = (20² + 0 + 20²) / 2 = 400. Three scores say little: they may be the lucky ones.
    expect(of(30, 50, 70)).toEqual({
      items: 3,
      scored: 3,
      unscored: 0,
      mean: 50,
      standard_deviation: 20,
      interval_95: [expect.closeTo(14, 0), expect.closeTo(86, 0)],
    });
  });

  it('have an interval of about 5.7 for 110 scores with a deviation near 30', () => {
    const { standard_deviation, mean, interval_95 } = of(
      ...Array.from({ length: 110 }, (_, index) => (index % 2 ? 80 : 20)),
    );
    expect(standard_deviation).toBeCloseTo(30.14, 2);
    expect(interval_95![1] - mean!).toBeCloseTo(5.7, 1);
  });

  it('of 74 zeros do not claim that the mean is 0.00 to 0.00', () => {
    expect(of(...Array(74).fill(0)).interval_95).toEqual([0, expect.closeTo(4.86, 2)]);
  });

  it('are the same bytes whatever the order of the items', () => {
    const scores = Array.from({ length: 40 }, (_, index) => (index * 37) % 101);
    expect(JSON.stringify(of(...scores.toReversed()))).toBe(JSON.stringify(of(...scores)));
  });

  it('count items without a score, and leave them out of the mean', () => {
    expect(of(40, null, 60)).toMatchObject({ items: 3, scored: 2, unscored: 1, mean: 50 });
  });

  it('are null, never zero, where there is too little to tell', () => {
    expect(of(null)).toMatchObject({ scored: 0, mean: null, standard_deviation: null, interval_95: null });
    expect(of(70)).toMatchObject({ mean: 70, standard_deviation: null, interval_95: null });
  });

  it('keep the interval on the scale', () => {
    expect(of(...Array(25).fill(100), 40).interval_95![1]).toBe(100);
  });
});
