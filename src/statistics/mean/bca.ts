import { normalCdf, normalQuantile } from '../distribution/normal.ts';
import { resampledMeans } from './bootstrap.ts';
import { type Interval, TAIL } from './interval.ts';
import type { Sample } from './sample.ts';

/**
 * The bias-corrected and accelerated bootstrap interval of a mean (BCa, Efron 1987). Quantiles of the resampled means are those
 * of their mid-distribution (Ma, Genton and Parzen 2011): the means of zeros and hundreds take few values, and the plain
 * quantile would always be the next one outwards. Needs two units that differ.
 */
export function bcaInterval(sample: Sample, seed: number, resamples?: number): Interval {
  const means = resampledMeans(sample, seed, resamples);
  const z0 = normalQuantile(midShare(means, sample.mean));
  const a = acceleration(sample);
  const end = (z: number) => midQuantile(means, normalCdf(z0 + (z0 + z) / (1 - a * (z0 + z))));
  return [end(normalQuantile(TAIL)), end(-normalQuantile(TAIL))];
}

/** A sixth of the skewness of the mean, Σd³ / (6 (Σd²)^1.5), where d is what each unit adds to the sum's deviation. */
function acceleration({ sums, counts, mean }: Sample): number {
  let squares = 0;
  let cubes = 0;
  for (let unit = 0; unit < sums.length; unit++) {
    const d = sums[unit]! - mean * counts[unit]!;
    squares += d * d;
    cubes += d * d * d;
  }
  return cubes / (6 * squares * Math.sqrt(squares));
}

/** Share of ascending values below `value`, and half of those equal to it; never 0 or 1, whose quantile is infinite. */
function midShare(ascending: Float64Array, value: number): number {
  const tolerance = roundingOf(ascending);
  let twice = 0;
  for (const other of ascending) twice += other < value - tolerance ? 2 : other <= value + tolerance ? 1 : 0;
  return Math.min(Math.max(twice, 1), 2 * ascending.length - 1) / (2 * ascending.length);
}

/** The value of ascending ones up to which `share` of them are, counted as in `midShare`; linear between two values. */
function midQuantile(ascending: Float64Array, share: number): number {
  const tolerance = roundingOf(ascending);
  const place = share * ascending.length;
  let before = 0;
  let placeBefore = Number.NEGATIVE_INFINITY;
  for (let from = 0, to = 0; from < ascending.length; from = to) {
    const value = ascending[from]!;
    while (to < ascending.length && ascending[to]! - value <= tolerance) to++;
    const middle = (from + to) / 2;
    if (middle >= place) {
      return from === 0
        ? value
        : before + ((value - before) * (place - placeBefore)) / (middle - placeBefore);
    }
    before = value;
    placeBefore = middle;
  }
  return before;
}

/** How much two sums of the same values, in another order, can differ. */
function roundingOf(ascending: Float64Array): number {
  return 1e-12 * Math.max(Math.abs(ascending[0]!), Math.abs(ascending.at(-1)!));
}
