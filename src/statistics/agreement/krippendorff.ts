import { sumOf } from '../mean/sample.ts';
import { ranks } from './ranks.ts';

/** How far apart two values are: by their difference, or by how many values are between them. */
export type Level = 'interval' | 'ordinal';

/**
 * Krippendorff's alpha (2004), 1 - observed / expected disagreement: 1 is full agreement, 0 that of chance, below 0 is worse.
 * `ratings[judge][item]` is null if that judge gave none; items with fewer than two ratings are left out. Null if no item
 * is left, or if all ratings are equal, where agreement cannot be told from chance.
 *
 * The distance of the ordinal level is that between mean ranks, so both levels are one formula.
 */
export function krippendorffAlpha(
  ratings: readonly (readonly (number | null)[])[],
  level: Level,
): number | null {
  const items = [...(ratings[0]?.keys() ?? [])]
    .map((item) => ratings.flatMap((judge) => judge[item] ?? []))
    .filter((item) => item.length >= 2);
  const values = level === 'ordinal' ? ranked(items) : items;
  const all = values.flat();
  if (all.every((value) => value === all[0])) return null;
  const observed = sumOf(values.map((item) => item.length * variance(item))) / all.length;
  return 1 - observed / variance(all);
}

/** Each value replaced by its rank among all values. */
function ranked(items: readonly (readonly number[])[]): number[][] {
  const all = ranks(items.flat());
  let place = 0;
  return items.map((item) => item.map(() => all[place++]!));
}

/** Half the mean of (a - b)² over all pairs, which is the variance of the sample. */
function variance(values: readonly number[]): number {
  const mean = sumOf(values) / values.length;
  return sumOf(values.map((value) => (value - mean) ** 2)) / (values.length - 1);
}
