import { agreement } from '../../../statistics/agreement/agreement.ts';
import type { AgreementOfJudges } from '../../../text/scores.ts';

/** How far judges agree, in the spelling of a summary; a rating is null where a judge gave no score. */
export function agreementOf(ratings: readonly (readonly (number | null)[])[]): AgreementOfJudges {
  const { alphaInterval, alphaOrdinal, ...rest } = agreement(ratings);
  return { ...rest, alpha_interval: alphaInterval, alpha_ordinal: alphaOrdinal };
}
