/**
 * p values corrected for their number by Holm's method (1979): the k-th smallest of m is multiplied by m - k + 1, and none is
 * smaller than one before it. Whoever then calls those below 0.05 shown is wrong about any of them in at most 5 % of cases,
 * however the comparisons depend on each other. Keeps the order.
 */
export function holm(ps: readonly number[]): number[] {
  const corrected: number[] = new Array(ps.length);
  let least = 0;
  const ascending = ps.map((p, place) => ({ p, place })).sort((a, b) => a.p - b.p);
  for (const [rank, { p, place }] of ascending.entries()) {
    least = Math.max(least, Math.min(1, p * (ps.length - rank)));
    corrected[place] = least;
  }
  return corrected;
}
