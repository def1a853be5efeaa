import type { Judgement } from '../../../text/scores.ts';

/** One side of a response that is scored on its own. */
export interface Criterion {
  readonly name: string;
  readonly description: string;
  /** Its share of the score, relative to the others; by default 1. */
  readonly weight?: number;
}

type Scored = Omit<Judgement, 'index'>;

/** What is put between the question and the instructions, so that a model judges by this criterion alone. */
export function criterionText({ name, description }: Criterion): string {
  return `\nJudge by this criterion alone: ${name}. ${description}\n`;
}

/**
 * The score of a response from those of its criteria, in their order: the weighted mean. Null if one of them has none,
 * because the rest would be another score.
 */
export function weightedScore(criteria: readonly Criterion[], scored: readonly Scored[]): Scored {
  const each = criteria.map(({ name }, place) => ({ name, ...scored[place]! }));
  const unscored = each.find(({ score }) => score === null);
  if (unscored) return { score: null, reason: `${unscored.name}: ${unscored.reason}`, criteria: each };
  const weights = criteria.map(({ weight = 1 }) => weight);
  const sum = each.reduce((sum, { score }, place) => sum + weights[place]! * score!, 0);
  return { score: sum / weights.reduce((sum, weight) => sum + weight, 0), criteria: each };
}
