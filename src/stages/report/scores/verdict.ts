import type { Comparison } from '../../../comparison/comparison.ts';
import { smallestDifference } from '../../../statistics/difference/power.ts';
import { sampleOf } from '../../../statistics/mean/sample.ts';
import { itemMeans } from '../../../text/samples.ts';
import type { ReportData } from '../data/report-data.ts';

/** The first lines of the page: which was better and how sure, or what the mean of a single model is worth. */
export function verdictSentences(
  { models, items }: ReportData,
  comparison: Comparison | undefined,
): readonly string[] {
  if (comparison !== undefined) return verdictOf(comparison);
  const { mean, interval_95, items: all, scored } = models[0]!.statistics;
  if (mean === null) return [`No mean score: none of the ${all} responses has a score.`];
  const range = interval_95 && ` (95 % ${interval_95.map((end) => end.toFixed(1)).join(' to ')})`;
  const sampled = items.some(({ sample }) => sample !== undefined);
  const what = sampled ? 'questions, of each the mean over its samples' : 'responses';
  const counts = scored === all ? `${all} ${what}` : `${scored} of ${all} ${what}; the others have no score`;
  const means = itemMeans(
    items.map(({ of }) => of),
    items.map(({ answers: [answer] }) => answer?.score ?? null),
  );
  const scores = [...means.values()].filter((score) => score !== null);
  return [
    `The mean score is ${mean.toFixed(1)} of 100${range ?? ''}, over ${counts}.`,
    whatItemsShow(scores),
  ];
}

/** “Best” is said only where it is shown to be better than every other one. */
function verdictOf({ rows, verdict }: Comparison): readonly string[] {
  const isBest = rows[0]!.best && rows.length > 2;
  return verdict
    .split('\n')
    .map((one) => sentence(isBest ? `${one}; it is the best of ${rows.length}` : one));
}

/** Two models that fail at different items have independent scores: their difference has twice the variance of one. */
function whatItemsShow(scores: readonly number[]): string {
  const one = smallestDifference(sampleOf(scores));
  if (one === null)
    return 'These items do not tell how large a difference to another model must be to be shown.';
  const points = Number((one * Math.SQRT2).toPrecision(2));
  return `A difference of ${points} points to another model can be shown with ${scores.length} items like these; a smaller one, if both do well at the same items.`;
}

function sentence(text: string): string {
  // The label of a variant, such as `epochs=2`, is a name and no word.
  const isName = /^[\w-]+=/.test(text);
  const begun = isName ? text : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return `${begun}${/[.!?]$/.test(text) ? '' : '.'}`;
}
