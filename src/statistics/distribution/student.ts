import { exp, ln } from './elementary.ts';
import { rootOf } from './root.ts';

/**
 * The probability that a variable of Student's t distribution is at most `t`; `freedom` are its degrees of freedom, any
 * number above 0. Relative error below 1e-10. By the incomplete beta function (Abramowitz and Stegun 1964, 26.7.1).
 */
export function studentCdf(t: number, freedom: number): number {
  const tail = incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** The value below which such a variable is with probability `p`, 0 < p < 1; beyond ±1e7 it is cut. */
export function studentQuantile(p: number, freedom: number): number {
  if (p === 0.5) return 0;
  if (p > 0.5) return -studentQuantile(1 - p, freedom);
  return rootOf((t) => studentCdf(t, freedom) - p, -1e7, 0);
}

/** I_x(a, b) by its continued fraction (Abramowitz and Stegun 1964, 26.5.8), evaluated by Lentz's method (1976). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // On this side of the mean the fraction converges quickly.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const factor = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * ln(x) + b * ln(1 - x)) / a;
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return factor * fraction;
}

/** Coefficients of Lanczos's approximation (1964) for g = 7, computed by P. Godfrey (2001). */
const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x >= 0.5. */
function logGamma(x: number): number {
  const sum = LANCZOS.reduce(
    (total, coefficient, index) => total + coefficient / (x + index),
    0.99999999999980993,
  );
  const base = x + 6.5;
  return 0.9189385332046727 + (x - 0.5) * ln(base) - base + ln(sum);
}
