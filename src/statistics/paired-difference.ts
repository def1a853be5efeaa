import type { Interval, Scale } from './interval.ts';
import { type MeanOptions, meanInterval } from './mean.ts';
import { itemsFor, smallestDifference } from './power.ts';
import { negated, type Sample, sampleOf } from './sample.ts';
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
  const sample = sampleOf(differences, groups && paired.map((item) => groups[item]!));
  const { items } = sample;
  return {
    items,
    unpaired: first.length - items,
    groups: sample.sums.length,
    difference: items === 0 ? null : sample.mean,
    interval: differenceInterval(sample, { scale: scale && ofDifferences(scale), seed, resamples }),
    p: items === 0 ? null : signFlipTest(sample, seed, resamples),
    greater: differences.filter((difference) => difference > 0).length,
    equal: differences.filter((difference) => difference === 0).length,
    smaller: differences.filter((difference) => difference < 0).length,
    smallestDifference: smallestDifference(sample),
    itemsFor: (difference) => itemsFor(difference, sample),
  };
}

function ofDifferences({ low, high }: Scale): Scale {
  return { low: low - high, high: high - low };
}

/** Draws for the one of a sample and its negative that comes first, so that both have the same draws. */
function differenceInterval(sample: Sample, options: Omit<MeanOptions, 'groups'>): Interval | null {
  const mirrored = negated(sample);
  const unit = sample.sums.findIndex((sum, at) => sum !== mirrored.sums[at]);
  if (unit < 0 || sample.sums[unit]! > mirrored.sums[unit]!) return meanInterval(sample, options);
  const interval = meanInterval(mirrored, options);
  return interval && [-interval[1], -interval[0]];
}
