import type { Judgement, ScoreStatistics } from './scores.ts';

/** 97.5 % quantile of the standard normal distribution. */
const Z_95 = 1.959963984540054;

/**
 * Counts, mean and spread of the scores; items without a score enter only the counts. The deviation is that of the
 * sample (n - 1), the interval the normal one of the mean, mean ± 1.96 s/√n, within 0 to 100.
 */
export function scoreStatistics(judgements: readonly Pick<Judgement, 'score'>[]): ScoreStatistics {
  const scores = judgements.flatMap(({ score }) => (score === null ? [] : [score]));
  const n = scores.length;
  const mean = n === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / n;
  const deviation =
    mean === null || n < 2
      ? null
      : Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (n - 1));
  const margin = deviation === null ? null : (Z_95 * deviation) / Math.sqrt(n);
  return {
    items: judgements.length,
    scored: n,
    unscored: judgements.length - n,
    mean,
    standard_deviation: deviation,
    interval_95:
      mean === null || margin === null ? null : [Math.max(0, mean - margin), Math.min(100, mean + margin)],
  };
}
