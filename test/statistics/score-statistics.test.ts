import { describe, expect, it } from 'vitest';
import { scoreStatistics } from '../../src/statistics/score-statistics.ts';

const of = (...scores: (number | null)[]) => scoreStatistics(scores.map((score) => ({ score })));

describe('the statistics of scores', () => {
  it('are mean, sample deviation and normal interval', () => {
    // s² = (20² + 0 + 20²) / 2 = 400; 1.96 · 20 / √3 = 22.63.
    expect(of(30, 50, 70)).toEqual({
      items: 3,
      scored: 3,
      unscored: 0,
      mean: 50,
      standard_deviation: 20,
      interval_95: [expect.closeTo(27.37, 2), expect.closeTo(72.63, 2)],
    });
  });

  it('have an interval of about 5.6 for 110 scores with a deviation near 30', () => {
    const { standard_deviation, mean, interval_95 } = of(
      ...Array.from({ length: 110 }, (_, index) => (index % 2 ? 80 : 20)),
    );
    expect(standard_deviation).toBeCloseTo(30.14, 2);
    expect(interval_95![1] - mean!).toBeCloseTo(5.63, 2);
  });

  it('count items without a score, and leave them out of the mean', () => {
    expect(of(40, null, 60)).toMatchObject({ items: 3, scored: 2, unscored: 1, mean: 50 });
  });

  it('are null, never zero, where there is too little to tell', () => {
    expect(of(null)).toMatchObject({ scored: 0, mean: null, standard_deviation: null, interval_95: null });
    expect(of(70)).toMatchObject({ mean: 70, standard_deviation: null, interval_95: null });
  });

  it('keep the interval on the scale', () => {
    expect(of(100, 100, 40).interval_95![1]).toBe(100);
  });
});
