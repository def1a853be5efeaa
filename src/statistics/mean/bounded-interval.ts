import { exp, ln } from '../distribution/elementary.ts';
import { Mt19937 } from '../random/mt19937.ts';
import { type Interval, type Scale, TAIL } from './interval.ts';
import { isConstant, type Sample } from './sample.ts';

const DRAWS = 10_000;

/**
 * An interval of a mean that needs no assumption but the scale: Gaffke's bound (2005; Learned-Miller and Thomas 2019). The
 * upper end is the 97.5 % quantile of means in which the units and one more, at the end of the scale, have random weights
 * (exponential, divided by their sum); the lower end likewise. For zeros and hundreds it is the interval of Clopper and
 * Pearson (1934); for n equal values v, and a scale that ends at h, the upper end is v + (h - v)(1 - 0.025^(1/n)), the
 * "rule of three" with 3.7 for 3. It covers at least 95 % and is wide.
 *
 * With groups of unequal sizes the unit that is added has the mean size; the guarantee is for equal sizes.
 */
export function boundedInterval(sample: Sample, scale: Scale, seed: number, draws = DRAWS): Interval {
  const { sums, counts, items, mean } = sample;
  if (isConstant(sample)) {
    const unseen = 1 - exp(ln(TAIL) / sums.length);
    return [mean - unseen * (mean - scale.low), mean + unseen * (scale.high - mean)];
  }
  const generator = Mt19937.seeded(seed);
  const added = items / sums.length;
  const lows = new Float64Array(draws);
  const highs = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    const weight = added * exponential(generator);
    let sum = 0;
    let total = weight;
    for (let unit = 0; unit < sums.length; unit++) {
      const own = exponential(generator);
      sum += own * sums[unit]!;
      total += own * counts[unit]!;
    }
    lows[draw] = (sum + weight * scale.low) / total;
    highs[draw] = (sum + weight * scale.high) / total;
  }
  // Outwards where the quantile is between two draws.
  const skipped = Math.floor(TAIL * draws) - 1;
  return [lows.sort()[skipped]!, highs.sort()[draws - 1 - skipped]!];
}

function exponential(generator: Mt19937): number {
  return -ln((generator.next32() + 0.5) / 2 ** 32);
}
