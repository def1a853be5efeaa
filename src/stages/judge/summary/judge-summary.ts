import {
  lengthBias,
  orderBias,
  repeatSpread,
  type Winner,
} from '../../../statistics/agreement/judge-bias.ts';
import { scoreStatistics } from '../../../statistics/mean/score-statistics.ts';
import type { Response } from '../../../text/responses.ts';
import { itemMeans } from '../../../text/samples.ts';
import type { Judgement, JudgeSummary, ScoreSummary } from '../../../text/scores.ts';
import type { Labels } from '../human/labels.ts';
import type { Judged } from '../jury/jury-verdict.ts';
import { againstPeople } from './against-people.ts';
import { agreementOf } from './agreement-of.ts';

/**
 * The summary of a verdict by these judges: its statistics, and those of each judge of a jury with their agreement. Labels
 * of people show how far each is off, unless they are scores of one of the judges themselves. `items` names the item of each
 * response: of several samples of an item, statistics see the mean.
 */
export function summaryOf(
  verdict: Judged,
  judges: readonly Judged[],
  responses: readonly Response[],
  items: readonly string[],
  labels: Labels | undefined,
): ScoreSummary {
  const independent = judges.every(({ judge }) => judge.kind !== 'human');
  const people =
    labels && independent ? responses.map((response, index) => labels.of(response, index).score) : undefined;
  const lengths = responses.map(({ model_response }) => [...model_response].length);
  const summary = statisticsOf(verdict, { items, lengths, people });
  if (judges.length === 1) return summary;
  return {
    ...summary,
    judges: judges.map((judged) => statisticsOf(judged, { items, lengths, people })),
    agreement: agreementOf(judges.map(({ judgements }) => judgements.map(({ score }) => score))),
  };
}

/** What is known of the responses besides their scores, in their order. */
interface AboutResponses {
  readonly items: readonly string[];
  readonly lengths: readonly number[];
  readonly people: readonly (number | null)[] | undefined;
}

function statisticsOf({ judge, judgements }: Judged, about: AboutResponses): JudgeSummary {
  const { items, people } = about;
  const ofItems = (scored: readonly Scored[]) => scoresOfItems(scored, items).map((score) => ({ score }));
  const repeated = judgements.flatMap(scoresOfRepeats);
  const criteria = judgements[0]?.criteria?.map(({ name }) => name) ?? [];
  return {
    judge,
    ...scoreStatistics(ofItems(judgements)),
    ...(criteria.length > 0 && {
      criteria: criteria.map((name, place) => ({
        name,
        ...scoreStatistics(ofItems(judgements.map((judgement) => judgement.criteria![place]!))),
      })),
    }),
    ...(judgements.some(({ orders }) => orders) && { pairwise: pairwiseOf(judgements, items) }),
    length_bias: lengthBiasOf(judgements, about),
    ...(repeated.length > 0 && { repeat_spread: repeatSpread(repeated) }),
    ...(people && againstPeople(...judgedAndLabelled(judgements, people, items))),
  };
}

type Scored = Pick<Judgement, 'score'>;

/** The score of each item. */
function scoresOfItems(judgements: readonly Scored[], items: readonly string[]): (number | null)[] {
  const scores = judgements.map(({ score }) => score);
  return [...itemMeans(items, scores).values()];
}

/** Scores of judge and people of each item: of the samples that both scored, if there are any. */
function judgedAndLabelled(
  judgements: readonly Scored[],
  people: readonly (number | null)[],
  items: readonly string[],
): [judge: (number | null)[], people: (number | null)[]] {
  const all = itemMeans(
    items,
    judgements.map(({ score }) => score),
  );
  const both = judgements.map(({ score }, place) => score !== null && people[place] !== null);
  const labelled = itemMeans(
    items,
    judgements.map(({ score }, place) => (both[place] ? score : null)),
  );
  const labels = itemMeans(
    items,
    people.map((label, place) => (both[place] ? label : null)),
  );
  const alone = itemMeans(items, people);
  return [
    [...all].map(([item, score]) => labelled.get(item) ?? score),
    [...alone].map(([item, label]) => labels.get(item) ?? label),
  ];
}

/** Wins, ties and losses against the other responses, and how often the order of the two decides. */
function pairwiseOf(
  judgements: readonly Judgement[],
  items: readonly string[],
): NonNullable<JudgeSummary['pairwise']> {
  const scores = scoresOfItems(judgements, items).filter((score) => score !== null);
  const single = new Set(items).size === items.length;
  const both = judgements.flatMap(({ score, orders }) => (score === null || !orders ? [] : [orders]));
  const { value, interval } = orderBias(both.map(([first, second]) => [winnerBy(first), winnerBy(second)]));
  return {
    won: scores.filter((score) => score > 50).length,
    tied: scores.filter((score) => score === 50).length,
    lost: scores.filter((score) => score < 50).length,
    order_bias: value,
    // Wilson's interval is one of independent pairs, which samples of one item are not.
    order_bias_interval_95: single && interval ? [...interval] : null,
  };
}

/** `first` is the response that is judged. */
function winnerBy({ score }: Pick<Judgement, 'score'>): Winner {
  return score === 50 ? 'tie' : score! > 50 ? 'first' : 'second';
}

function lengthBiasOf(
  judgements: readonly Judgement[],
  { items, lengths }: AboutResponses,
): NonNullable<JudgeSummary['length_bias']> {
  const scores = scoresOfItems(judgements, items).filter((score) => score !== null);
  const ofScored = judgements.map(({ score, index }) => (score === null ? null : lengths[index]!));
  const means = [...itemMeans(items, ofScored).values()].filter((length) => length !== null);
  const { value, interval } = lengthBias(scores, means);
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
