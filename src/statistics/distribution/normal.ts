import { exp } from './elementary.ts';
import { rootOf } from './root.ts';

/** Where the series gives way to the continued fraction, in standard deviations. */
const SERIES_ENDS = 3;

/**
 * The probability that a standard normal variable is at most `z`, with a relative error below 1e-12. A series near 0, and
 * Laplace's continued fraction in the tails (Abramowitz and Stegun 1964, 26.2.11 and 26.2.14).
 */
export function normalCdf(z: number): number {
  if (z > SERIES_ENDS) return 1 - tail(z);
  if (z < -SERIES_ENDS) return tail(-z);
  let term = z;
  let sum = z;
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return 0.5 + density(z) * sum;
}

/** The value below which a standard normal variable is with probability `p`; -38 for 0, 38 for 1. */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  return rootOf((z) => normalCdf(z) - p, -38, 0);
}

function density(z: number): number {
  return exp((-z * z) / 2) * 0.3989422804014327;
}

function tail(z: number): number {
  let fraction = z;
  for (let n = 100; n >= 1; n--) fraction = z + n / fraction;
  return density(z) / fraction;
}
