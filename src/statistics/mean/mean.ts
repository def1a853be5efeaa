import { studentQuantile } from '../distribution/student.ts';
import { bcaInterval } from './bca.ts';
import { boundedInterval } from './bounded-interval.ts';
import { type Interval, type Scale, TAIL } from './interval.ts';
import { isConstant, type Sample, sampleOf, standardError } from './sample.ts';

/** Of fewer items too much is unseen for a statement that rests on their spread. */
const FEW = 20;

export interface MeanOptions {
  /** Bounds of a value. Without them nothing sound can be said of equal values, and few items are taken as nearly normal. */
  readonly scale?: Scale | undefined;
  /** The group of each value, where items belong together and are not independent. */
  readonly groups?: readonly string[] | undefined;
  /** Decides what is drawn; see `seedOf`. */
  readonly seed: number;
  /** How many resamples a bootstrap draws, and patterns a test; by default about 10,000. */
  readonly resamples?: number | undefined;
}

export interface MeanEstimate {
  readonly items: number;
  /** Equal to `items` without groups. */
  readonly groups: number;
  readonly mean: number | null;
  /** Null if nothing sound can be said. */
  readonly interval: Interval | null;
}

/** The mean of values with its 95 % interval, in their unit. Throws RangeError as `sampleOf`. */
export function meanOf(values: readonly number[], options: MeanOptions): MeanEstimate {
  const sample = sampleOf(values, options.groups);
  const { items, mean } = sample;
  return {
    items,
    groups: sample.sums.length,
    mean: items === 0 ? null : mean,
    interval: meanInterval(sample, options),
  };
}

/**
 * The 95 % interval of a sample's mean, by what is sound for it (docs/statistics.md):
 * - no spread: the bound that needs only the scale (`boundedInterval`); null without a scale;
 * - fewer than 20 items: the same; with groups or without a scale as below;
 * - else the wider of BCa (`bcaInterval`) and Student's t, end by end. BCa alone covers too little if large deviations are
 *   rare on both sides, t if they are rare on one side.
 *
 * It never leaves the scale. Null for fewer than two units.
 */
export function meanInterval(
  sample: Sample,
  { scale, seed, resamples }: Omit<MeanOptions, 'groups'>,
): Interval | null {
  const { items, mean, sums } = sample;
  const units = sums.length;
  if (units < 2) return null;
  if (isConstant(sample)) return scale ? boundedInterval(sample, scale, seed) : null;
  if (units < FEW && items === units && scale) return boundedInterval(sample, scale, seed, resamples);
  const [low, high] = bcaInterval(sample, seed, resamples);
  const margin = -studentQuantile(TAIL, units - 1) * standardError(sample);
  return [
    Math.max(Math.min(low, mean - margin), scale?.low ?? Number.NEGATIVE_INFINITY),
    Math.min(Math.max(high, mean + margin), scale?.high ?? Number.POSITIVE_INFINITY),
  ];
}
