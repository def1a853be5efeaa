import { type Sample, sumOf } from '../mean/sample.ts';
import { Mt19937 } from '../random/mt19937.ts';

/** Up to this many units that differ from 0, all 2^n patterns of signs are tried. */
const EXACT = 14;
const DRAWS = 9_999;

/**
 * The two-sided p value of "the differences are as likely up as down": the share of patterns of signs whose sum is at least
 * as far from 0 as the one seen (Fisher 1935). Whole groups change their sign together. Exact for up to 14 units that differ
 * from 0; else from 9,999 random patterns, as (b + 1) / (m + 1) (Phipson and Smyth 2010), which never is 0. The p value of
 * differences is that of their negatives.
 */
export function signFlipTest({ sums }: Sample, seed: number, draws = DRAWS): number {
  // A sign of 0 changes nothing, and only the sizes decide what the patterns give.
  const sizes = sums
    .map(Math.abs)
    .filter((size) => size > 0)
    .sort();
  // Sums that differ by rounding alone are equal.
  const extreme = Math.abs(sumOf(sums)) - 1e-10 * sumOf(sizes);
  return sizes.length <= EXACT ? exactShare(sizes, extreme) : drawnShare(sizes, extreme, seed, draws);
}

function exactShare(sizes: Float64Array, extreme: number): number {
  const patterns = 2 ** sizes.length;
  const total = sumOf(sizes);
  let found = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    let up = 0;
    for (let unit = 0; unit < sizes.length; unit++) up += ((pattern >> unit) & 1) * sizes[unit]!;
    if (Math.abs(2 * up - total) >= extreme) found++;
  }
  return found / patterns;
}

function drawnShare(sizes: Float64Array, extreme: number, seed: number, draws: number): number {
  const generator = Mt19937.seeded(seed);
  const total = sumOf(sizes);
  let found = 0;
  for (let draw = 0; draw < draws; draw++) {
    let up = 0;
    let bits = 0;
    for (let unit = 0; unit < sizes.length; unit++) {
      bits = unit % 32 === 0 ? generator.next32() : bits >>> 1;
      up += (bits & 1) * sizes[unit]!;
    }
    if (Math.abs(2 * up - total) >= extreme) found++;
  }
  return (found + 1) / (draws + 1);
}
