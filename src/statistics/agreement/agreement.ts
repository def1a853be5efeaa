import { kendall, pearson, spearman } from './correlation.ts';
import { krippendorffAlpha } from './krippendorff.ts';

export interface Agreement {
  /** Items that at least two judges scored. */
  readonly items: number;
  /** Means over all pairs of judges, weighted equally; null if no pair has one. */
  readonly pearson: number | null;
  readonly spearman: number | null;
  readonly kendall: number | null;
  /** Of all judges together. */
  readonly alphaInterval: number | null;
  readonly alphaOrdinal: number | null;
  /** Share of the scored items on which two judges gave the same score, mean over pairs of judges. */
  readonly exact: number | null;
}

/** How far judges agree: `ratings[judge][item]` is null if that judge gave no score. */
export function agreement(ratings: readonly (readonly (number | null)[])[]): Agreement {
  const pairs = ratings.flatMap((one, at) => ratings.slice(at + 1).map((other) => bothScored(one, other)));
  const items = [...(ratings[0]?.keys() ?? [])].filter(
    (item) => ratings.filter((judge) => judge[item] !== null).length >= 2,
  );
  return {
    items: items.length,
    pearson: meanOverPairs(pairs, pearson),
    spearman: meanOverPairs(pairs, spearman),
    kendall: meanOverPairs(pairs, kendall),
    alphaInterval: krippendorffAlpha(ratings, 'interval'),
    alphaOrdinal: krippendorffAlpha(ratings, 'ordinal'),
    exact: meanOverPairs(pairs, exactShare),
  };
}

/** Share of equal pairs; null for none. */
function exactShare(x: readonly number[], y: readonly number[]): number | null {
  return x.length === 0 ? null : x.filter((value, item) => value === y[item]).length / x.length;
}

type Pairs = readonly [x: readonly number[], y: readonly number[]];

/** The scores of the items that both have scored. */
export function bothScored(one: readonly (number | null)[], other: readonly (number | null)[]): Pairs {
  const items = [...one.keys()].filter((item) => one[item] != null && other[item] != null);
  return [items.map((item) => one[item]!), items.map((item) => other[item]!)];
}

function meanOverPairs(pairs: readonly Pairs[], measure: (...pair: Pairs) => number | null): number | null {
  const measured = pairs.flatMap((pair) => measure(...pair) ?? []);
  return measured.length === 0 ? null : measured.reduce((sum, value) => sum + value, 0) / measured.length;
}
