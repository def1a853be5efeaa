import type { Interval } from '../mean/interval.ts';
import type { PairedDifference } from './paired-difference.ts';

/** The error rate at which a difference is called one. */
const ALPHA = 0.05;

export type Finding = 'better' | 'worse' | 'not shown';

export interface VerdictOptions {
  /** What is compared with the other, such as `epochs=3`. */
  readonly name: string;
  /** Which way is better. */
  readonly better: 'higher' | 'lower';
  /** The p value after Holm's correction, and of how many comparisons, where there are several. */
  readonly corrected?: { readonly p: number; readonly comparisons: number } | undefined;
  /** The unit of a difference; `points` by default. */
  readonly unit?: string | undefined;
}

/**
 * Whether the first of a pair is better. Only if both agree: the interval is on one side of 0, and the p value, corrected
 * where there are several comparisons, is below 0.05.
 */
export function finding(
  { difference, interval, p }: PairedDifference,
  { better, corrected }: Pick<VerdictOptions, 'better' | 'corrected'>,
): Finding {
  if (difference === null || interval === null || p === null) return 'not shown';
  const oneSided = interval[0] > 0 || interval[1] < 0;
  if (!oneSided || (corrected?.p ?? p) >= ALPHA) return 'not shown';
  return difference > 0 === (better === 'higher') ? 'better' : 'worse';
}

/**
 * The finding in one sentence: `epochs=3 is better by 4.1 (95 % 1.2 to 7.0, p = 0.006)` or `no difference shown; 110 items
 * can show 6 points`. Sizes are above 0 in it, whichever way is better.
 */
export function verdict(pair: PairedDifference, options: VerdictOptions): string {
  const found = finding(pair, options);
  if (found === 'not shown') return `no difference shown; ${whatItemsShow(pair, options.unit ?? 'points')}`;
  const [low, high] = outwards(pair.interval!, pair.difference!);
  const decimals = decimalsOf(low, high);
  const digits = (value: number) => value.toFixed(decimals);
  const p = options.corrected?.p ?? pair.p!;
  const among = options.corrected ? `, corrected for ${options.corrected.comparisons} comparisons` : '';
  return `${options.name} is ${found} by ${digits(Math.abs(pair.difference!))} (95 % ${digits(low)} to ${digits(high)}, ${p < 0.001 ? 'p' : 'p ='} ${pValueText(p)}${among})`;
}

function whatItemsShow({ items, groups, p, smallestDifference }: PairedDifference, unit: string): string {
  const what = groups === items ? `${items} items` : `${items} items in ${groups} groups`;
  if (items === 0) return 'no item has a value on both sides';
  // Two to the power of groups is the number of patterns, of which at least two are as extreme as the one seen.
  if (2 / 2 ** groups >= ALPHA) return `${what} are too few to show any`;
  if (smallestDifference === null)
    return p === 1 ? `all ${what} are equal` : `${what} all differ by the same`;
  return `${what} can show ${Number(smallestDifference.toPrecision(2))} ${unit}`;
}

/** The ends of an interval on one side of 0, as sizes in ascending order. */
function outwards([low, high]: Interval, difference: number): Interval {
  return difference > 0 ? [low, high] : [-high, -low];
}

/** As many decimals as show two digits of the interval's width, and the end near 0 as not 0; at most 6. */
function decimalsOf(low: number, high: number): number {
  let decimals = 0;
  for (; decimals < 6; decimals++) {
    const step = 10 ** -decimals;
    if ((high - low) / step >= 10 && low >= step / 2) break;
  }
  return decimals;
}

/** A p value to three digits; smaller ones than these can tell apart are all the same. */
export function pValueText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}
