import { seedOf } from '../random/seed.ts';
import type { Scale } from './interval.ts';
import { meanOf } from './mean.ts';

/** The scale of scores. */
export const SCORE_SCALE: Scale = { low: 0, high: 100 };

/**
 * Counts, mean and spread of scores from 0 to 100; items without a score enter only the counts. The deviation is that of
 * the sample (n - 1), the interval that of `meanOf`. The same scores, in any order, give the same numbers.
 */
export function scoreStatistics(judgements: readonly { readonly score: number | null }[]) {
  const scores = judgements.flatMap(({ score }) => (score === null ? [] : [score])).sort((a, b) => a - b);
  const n = scores.length;
  const { mean, interval } = meanOf(scores, { scale: SCORE_SCALE, seed: seedOf(...scores.map(String)) });
  return {
    items: judgements.length,
    scored: n,
    unscored: judgements.length - n,
    mean,
    standard_deviation:
      mean === null || n < 2
        ? null
        : Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (n - 1)),
    interval_95: interval && ([...interval] as [number, number]),
  };
}
