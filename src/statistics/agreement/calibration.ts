import { type PairedDifference, pairedDifference } from '../difference/paired-difference.ts';
import type { MeanOptions } from '../mean/mean.ts';
import { sumOf } from '../mean/sample.ts';
import { type Agreement, agreement, bothScored } from './agreement.ts';

export interface Calibration {
  /** Judge minus human on the items that have both: how much too high the judge scores. */
  readonly bias: PairedDifference;
  /** Mean distance between the two, without sign, in points; null without items. */
  readonly distance: number | null;
  readonly agreement: Agreement;
}

/** How well a judge repeats human labels; null is an item without one. Throws RangeError as `pairedDifference`. */
export function calibration(
  judge: readonly (number | null)[],
  human: readonly (number | null)[],
  options: MeanOptions,
): Calibration {
  const [judged, labels] = bothScored(judge, human);
  return {
    bias: pairedDifference(judge, human, options),
    distance:
      labels.length === 0
        ? null
        : sumOf(labels.map((label, item) => Math.abs(judged[item]! - label))) / labels.length,
    agreement: agreement([judge, human]),
  };
}
