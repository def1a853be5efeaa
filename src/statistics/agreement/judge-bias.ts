import { exp, ln } from '../distribution/elementary.ts';
import { normalQuantile } from '../distribution/normal.ts';
import { type Interval, TAIL } from '../mean/interval.ts';
import { sumOf } from '../mean/sample.ts';
import { spearman } from './correlation.ts';

/** A measure with its 95 % interval, null where there are too few items to tell. */
export interface Measure {
  readonly value: number | null;
  readonly interval: Interval | null;
}

/**
 * Length bias: Spearman's correlation of scores with the lengths of the replies, in whatever unit. Above 0, longer replies get
 * higher scores; that alone does not say whether they deserve them. The interval is Fisher's, with the variance
 * (1 + ρ²/2)/(n - 3) of Bonett and Wright (2000); null below 4 items. Throws RangeError if the lengths differ.
 */
export function lengthBias(scores: readonly number[], lengths: readonly number[]): Measure {
  const value = spearman(scores, lengths);
  if (value === null || scores.length < 4 || Math.abs(value) === 1) return { value, interval: null };
  const centre = ln((1 + value) / (1 - value)) / 2;
  const margin = -normalQuantile(TAIL) * Math.sqrt((1 + value ** 2 / 2) / (scores.length - 3));
  return { value, interval: [tanh(centre - margin), tanh(centre + margin)] };
}

/** Who won when the first reply stood first, and when it stood second; `tie` for neither. */
export type BothOrders = readonly [asFirst: Winner, asSecond: Winner];
export type Winner = 'first' | 'second' | 'tie';

/**
 * Order bias of pairwise judging: the share of items whose winner depends on the order in which the two replies stand. The
 * interval is Wilson's (1927).
 */
export function orderBias(items: readonly BothOrders[]): Measure {
  const n = items.length;
  if (n === 0) return { value: null, interval: null };
  const value = items.filter(([asFirst, asSecond]) => asFirst !== asSecond).length / n;
  const z = normalQuantile(1 - TAIL);
  const shrunk = (value + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const margin = (z * Math.sqrt((value * (1 - value)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return { value, interval: [Math.max(0, shrunk - margin), Math.min(1, shrunk + margin)] };
}

/**
 * Spread within an item: the standard deviation of a judge's repeated scores of one item, √ of the mean variance over items,
 * weighted by their degrees of freedom. Items with fewer than two scores are left out; null if none is left.
 */
export function repeatSpread(items: readonly (readonly number[])[]): number | null {
  let squares = 0;
  let freedom = 0;
  for (const scores of items) {
    if (scores.length < 2) continue;
    const mean = sumOf(scores) / scores.length;
    squares += sumOf(scores.map((score) => (score - mean) ** 2));
    freedom += scores.length - 1;
  }
  return freedom === 0 ? null : Math.sqrt(squares / freedom);
}

function tanh(x: number): number {
  const e = exp(-2 * Math.abs(x));
  return (Math.sign(x) * (1 - e)) / (1 + e);
}
