import type { Interval, Scale } from '../mean/interval.ts';
import { type MeanOptions, meanInterval } from '../mean/mean.ts';
import { type Sample, sampleOf } from '../mean/sample.ts';
import { itemsFor, smallestDifference } from './power.ts';
import { signFlipTest } from './sign-flip.ts';

/** What two settings differ by, on the same items. */
export interface PairedDifference {
  /** Items with a value on both sides. */
  readonly items: number;
  /** Items that lack a value on one side or on both; they are left out. */
  readonly unpaired: number;
  /** Equal to `items` without groups. */
  readonly groups: number;
  /** Mean of first minus second; null without items. */
  readonly difference: number | null;
  readonly interval: Interval | null;
  /** Of the sign-flip test, two-sided; null without items. */
  readonly p: number | null;
  /** Items whose value is greater in the first, equal, and smaller. */
  readonly greater: number;
  readonly equal: number;
  readonly smaller: number;
  /** What as many items show in 4 of 5 experiments; null if their spread is unknown. */
  readonly smallestDifference: number | null;
  /** How many items would show a difference of that size; null if their spread is unknown. */
  itemsFor(difference: number): number | null;
}

/**
 * Compares values of the same items: `first[i]` and `second[i]` are of item i, null if there is none. `scale` is that of the
 * values. Exchanging the two changes all signs and nothing else. Throws RangeError if the lengths differ, and as `sampleOf`.
 */
export function pairedDifference(
  first: readonly (number | null)[],
  second: readonly (number | null)[],
  { scale, groups, seed, resamples }: MeanOptions,
): PairedDifference {
  if (first.length !== second.length) {
    throw new RangeError(`${first.length} and ${second.length} values are not of the same items.`);
  }
  const paired = [...first.keys()].filter((item) => first[item] !== null && second[item] !== null);
  const differences = paired.map((item) => first[item]! - second[item]!);
  const { sample, sign } = oriented(differences, groups && paired.map((item) => groups[item]!));
  const { items } = sample;
  const interval = meanInterval(sample, { scale: scale && ofDifferences(scale), seed, resamples });
  return {
    items,
    unpaired: first.length - items,
    groups: sample.sums.length,
    difference: items === 0 ? null : sign * sample.mean,
    interval: interval && facing(sign, interval),
    p: items === 0 ? null : signFlipTest(sample, seed, resamples),
    greater: differences.filter((difference) => difference > 0).length,
    equal: differences.filter((difference) => difference === 0).length,
    smaller: differences.filter((difference) => difference < 0).length,
    smallestDifference: smallestDifference(sample),
    itemsFor: (difference) => itemsFor(difference, sample),
  };
}

/**
 * The differences, or their negatives with the sign -1: whichever comes first in order. So both ways of comparing draw the
 * same and round the same. The sign is 0 if the two are equal, such as 2 and -2.
 */
function oriented(
  differences: readonly number[],
  groups?: readonly string[],
): { sample: Sample; sign: number } {
  const sample = sampleOf(differences, groups);
  const mirrored = sampleOf(
    differences.map((difference) => -difference),
    groups,
  );
  const order = compare(sample.sums, mirrored.sums) || compare(sample.counts, mirrored.counts);
  return { sample: order > 0 ? mirrored : sample, sign: -Math.sign(order) };
}

/** The interval of the differences themselves. */
function facing(sign: number, [low, high]: Interval): Interval {
  if (sign === 0) return [Math.min(low, -high), Math.max(high, -low)];
  return sign > 0 ? [low, high] : [-high, -low];
}

/** Below 0 if `one` comes first, 0 if they are equal. */
function compare(one: Float64Array, other: Float64Array): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : one[at]! - other[at]!;
}

function ofDifferences({ low, high }: Scale): Scale {
  return { low: low - high, high: high - low };
}
