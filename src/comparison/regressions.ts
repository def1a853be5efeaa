import type { Comparison } from './comparison.ts';

/** What is worse enough to fail. */
export interface Tolerance {
  /** Only what is worse by more than this fails, in the metric's unit. */
  readonly by: number;
  /** Only where the p value is below this: at most so often what is no worse fails. Up to 0.05. */
  readonly errorRate: number;
}

/**
 * Why a comparison with a baseline does not pass, a sentence for each candidate: it is shown to be worse, by more than
 * is tolerated, or it cannot be compared at all, which is no reason to believe that it is as good. A difference that is
 * not shown passes. Empty if all is well.
 */
export function regressions(
  { rows, metric }: Comparison,
  baseline: string,
  { by, errorRate }: Tolerance,
): readonly string[] {
  const others = rows.filter(({ name }) => name !== baseline);
  if (others.length === 0) return [`there is nothing to compare with ${baseline}`];
  return others.flatMap(({ name, difference }) => {
    if (difference === undefined || difference.difference === null) {
      const what = metric === undefined ? 'nothing was measured' : `no item has a ${metric} on both sides`;
      return [`${name} cannot be compared with ${baseline}: ${what}`];
    }
    const isWorse = difference.finding === 'worse' && difference.p! < errorRate;
    return isWorse && Math.abs(difference.difference) > by ? [difference.verdict] : [];
  });
}
