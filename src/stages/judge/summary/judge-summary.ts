import {
  lengthBias,
  orderBias,
  repeatSpread,
  type Winner,
} from '../../../statistics/agreement/judge-bias.ts';
import { scoreStatistics } from '../../../statistics/mean/score-statistics.ts';
import type { Response } from '../../../text/responses.ts';
import type { Judgement, JudgeSummary, ScoreSummary } from '../../../text/scores.ts';
import type { Labels } from '../human/labels.ts';
import type { Judged } from '../jury/jury-verdict.ts';
import { againstPeople } from './against-people.ts';
import { agreementOf } from './agreement-of.ts';

/**
 * The summary of a verdict by these judges: its statistics, and those of each judge of a jury with their agreement. Labels
 * of people show how far each is off, unless they are scores of one of the judges themselves.
 */
export function summaryOf(
  verdict: Judged,
  judges: readonly Judged[],
  responses: readonly Response[],
  labels: Labels | undefined,
): ScoreSummary {
  const independent = judges.every(({ judge }) => judge.kind !== 'human');
  const people =
    labels && independent ? responses.map((response, index) => labels.of(response, index).score) : undefined;
  const lengths = responses.map(({ model_response }) => [...model_response].length);
  const summary = statisticsOf(verdict, lengths, people);
  if (judges.length === 1) return summary;
  return {
    ...summary,
    judges: judges.map((judged) => statisticsOf(judged, lengths, people)),
    agreement: agreementOf(judges.map(({ judgements }) => judgements.map(({ score }) => score))),
  };
}

function statisticsOf(
  { judge, judgements }: Judged,
  lengths: readonly number[],
  people: readonly (number | null)[] | undefined,
): JudgeSummary {
  const repeated = judgements.flatMap(scoresOfRepeats);
  const criteria = judgements[0]?.criteria?.map(({ name }) => name) ?? [];
  return {
    judge,
    ...scoreStatistics(judgements),
    ...(criteria.length > 0 && {
      criteria: criteria.map((name, place) => ({
        name,
        ...scoreStatistics(judgements.map((judgement) => judgement.criteria![place]!)),
      })),
    }),
    ...(judgements.some(({ orders }) => orders) && { pairwise: pairwiseOf(judgements) }),
    length_bias: lengthBiasOf(judgements, lengths),
    ...(repeated.length > 0 && { repeat_spread: repeatSpread(repeated) }),
    ...(people &&
      againstPeople(
        judgements.map(({ score }) => score),
        people,
      )),
  };
}

/** Wins, ties and losses against the other responses, and how often the order of the two decides. */
function pairwiseOf(judgements: readonly Judgement[]): NonNullable<JudgeSummary['pairwise']> {
  const scores = judgements.flatMap(({ score }) => (score === null ? [] : [score]));
  const both = judgements.flatMap(({ score, orders }) => (score === null || !orders ? [] : [orders]));
  const { value, interval } = orderBias(both.map(([first, second]) => [winnerBy(first), winnerBy(second)]));
  return {
    won: scores.filter((score) => score > 50).length,
    tied: scores.filter((score) => score === 50).length,
    lost: scores.filter((score) => score < 50).length,
    order_bias: value,
    order_bias_interval_95: interval && [...interval],
  };
}

/** `first` is the response that is judged. */
function winnerBy({ score }: Pick<Judgement, 'score'>): Winner {
  return score === 50 ? 'tie' : score! > 50 ? 'first' : 'second';
}

function lengthBiasOf(
  judgements: readonly Judgement[],
  lengths: readonly number[],
): NonNullable<JudgeSummary['length_bias']> {
  const scored = judgements.filter(({ score }) => score !== null);
  const { value, interval } = lengthBias(
    scored.map(({ score }) => score!),
    scored.map(({ index }) => lengths[index]!),
  );
  return { correlation: value, interval_95: interval && [...interval] };
}

/** The scores of a response that a language model scored several times; with criteria or in both orders those of each. */
function scoresOfRepeats({
  orders,
  criteria,
  ...judgement
}: Omit<Judgement, 'index'>): readonly (readonly number[])[] {
  const parts = orders ?? criteria;
  if (parts) return parts.flatMap(scoresOfRepeats);
  const { scores } = judgement as { readonly scores?: readonly number[] };
  return scores === undefined ? [] : [scores];
}
