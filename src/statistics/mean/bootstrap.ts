import { Mt19937 } from '../random/mt19937.ts';
import type { Sample } from './sample.ts';

/** Draws of whole samples: more change an interval's ends by less than a hundredth of its width. */
const RESAMPLES = 10_000;
/** Draws of single units that one interval may take; a large sample has fewer resamples, at least 2,000. */
const DRAWS = 20_000_000;

/**
 * Means of resamples, ascending: each resample draws as many units as there are, with replacement (Efron 1979). The same
 * seed and number of units draw the same units.
 */
export function resampledMeans(
  { sums, counts, items }: Sample,
  seed: number,
  resamples?: number,
): Float64Array {
  const units = sums.length;
  const generator = Mt19937.seeded(seed);
  const means = new Float64Array(resamples ?? Math.max(2000, Math.min(RESAMPLES, Math.floor(DRAWS / units))));
  const single = items === units;
  const scale = units / 2 ** 32;
  for (let resample = 0; resample < means.length; resample++) {
    let sum = 0;
    let count = 0;
    for (let draw = 0; draw < units; draw++) {
      const unit = Math.floor(generator.next32() * scale);
      sum += sums[unit]!;
      if (!single) count += counts[unit]!;
    }
    means[resample] = sum / (single ? units : count);
  }
  return means.sort();
}
