import { bothScored } from '../../../statistics/agreement/agreement.ts';
import { calibration } from '../../../statistics/agreement/calibration.ts';
import { predictionPowered } from '../../../statistics/agreement/prediction-powered.ts';
import { SCORE_SCALE } from '../../../statistics/mean/score-statistics.ts';
import { seedOf } from '../../../statistics/random/seed.ts';
import type { JudgeSummary } from '../../../text/scores.ts';
import { agreementOf } from './agreement-of.ts';

/** From this many labels on the prediction-powered interval covers what it says (docs/statistics.md). */
export const LEAST_LABELS = 25;

type Scores = readonly (number | null)[];

/**
 * What labels of people say of a judge: how many items have both; with enough of them how far the judge is off, and what
 * the mean of people's scores over all items would be. A score is null where somebody gave none.
 */
export function againstPeople(
  judge: Scores,
  people: Scores,
): Pick<JudgeSummary, 'labelled' | 'corrected' | 'calibration'> {
  const [judged, labels] = bothScored(judge, people);
  const labelled = labels.length;
  if (labelled < LEAST_LABELS) return { labelled };
  const corrected = correctedMean(judge, people, judged, labels);
  return {
    labelled,
    ...(corrected && { corrected }),
    calibration: calibrationOf(judge, people),
  };
}

/** Undefined if nearly all items are labelled, or if neither people nor judge differ between items. */
function correctedMean(
  judge: Scores,
  people: Scores,
  judged: readonly number[],
  labels: readonly number[],
): JudgeSummary['corrected'] {
  const unlabelled = judge.filter((score, item) => score !== null && people[item] === null) as number[];
  const powered = predictionPowered(labels, judged, unlabelled, { scale: SCORE_SCALE });
  if (powered === null) return undefined;
  const { mean, interval, lambda } = powered;
  return { mean, interval_95: [...interval], lambda, unlabelled: unlabelled.length };
}

function calibrationOf(judge: Scores, people: Scores): NonNullable<JudgeSummary['calibration']> {
  const seed = seedOf(...judge.map((score, item) => `${score} ${people[item]}`));
  const { bias, distance } = calibration(judge, people, { scale: SCORE_SCALE, seed });
  return {
    bias: bias.difference!,
    interval_95: bias.interval && [...bias.interval],
    p: bias.p!,
    distance: distance!,
    agreement: agreementOf([judge, people]),
  };
}
