import { studentQuantile } from '../distribution/student.ts';
import { TAIL } from '../mean/interval.ts';
import { type Sample, standardError } from '../mean/sample.ts';

/** How often a difference of the stated size is shown. */
const POWER = 0.8;

/**
 * The smallest difference that the units of a sample of paired differences show in 4 of 5 experiments, by a two-sided test at
 * 0.05: (t(0.975) + t(0.8)) · standard error, with the quantiles of Student's t for one unit less (Lehr 1992 has the rule for
 * large samples; Miller 2024 for evaluations). Within 1 % of the power of the noncentral t from 10 units on. In the unit of
 * the differences. Null for fewer than 2 units or no spread, which say nothing of what others would show.
 */
export function smallestDifference(sample: Sample): number | null {
  const units = sample.sums.length;
  if (units < 2) return null;
  const error = standardError(sample);
  return error === 0 ? null : errorsShown(units) * error;
}

/**
 * How many items show a difference of that size, by the same rule: of items like those of `sample` in spread, and in groups
 * of such sizes. Null where `smallestDifference` is. Throws RangeError for a difference that is not above 0.
 */
export function itemsFor(difference: number, sample: Sample): number | null {
  if (!(difference > 0))
    throw new RangeError(`A difference of ${difference} cannot be shown: give one above 0.`);
  const units = sample.sums.length;
  if (smallestDifference(sample) === null) return null;
  const deviation = standardError(sample) * Math.sqrt(units);
  let needed = 2;
  // Twice as many until they suffice, then back by halves.
  while (errorsShown(needed) * deviation > difference * Math.sqrt(needed)) needed *= 2;
  for (let step = needed >> 1; step >= 1; step >>= 1) {
    const fewer = needed - step;
    if (fewer >= 2 && errorsShown(fewer) * deviation <= difference * Math.sqrt(fewer)) needed = fewer;
  }
  return Math.ceil((needed * sample.items) / units);
}

/** How many standard errors a difference must have. */
function errorsShown(units: number): number {
  return -studentQuantile(TAIL, units - 1) - studentQuantile(1 - POWER, units - 1);
}
