import type { JsonObject } from '../../contract/json.ts';
import type { ObserveContext, PreflightContext, Problem } from '../../contract/stage-type.ts';
import type { Judge } from './judge-contract.ts';
import type { JudgeSettings } from './settings.ts';

/**
 * What would make any of the judges fail; of a jury also two judges whom nobody could tell apart; a missing input of a
 * pairwise judge. Never throws.
 */
export async function problemsOfJudges(
  judges: readonly Judge[],
  { judge }: JudgeSettings,
  context: PreflightContext,
): Promise<readonly Problem[]> {
  const problems = await Promise.all(judges.map((judge) => judge.preflight?.(context) ?? []));
  const labels = judges.map((judge) => judge.describe().label);
  const twice = labels.find((label, place) => labels.indexOf(label) < place);
  const members = judge.kind === 'jury' ? judge.judges : [judge];
  const compares = members.some((member) => 'pairwise' in member && member.pairwise);
  return [
    ...problems.flat(),
    ...(twice === undefined ? [] : [calledTheSame(twice)]),
    ...(compares && !('other_responses' in context.inputBytes) ? [NOTHING_TO_COMPARE] : []),
  ];
}

const NOTHING_TO_COMPARE: Problem = {
  message: 'A pairwise judge needs other responses.',
  hint: 'Give responses to the same instructions and inputs, in the same order, as the input `other_responses`.',
};

function calledTheSame(label: string): Problem {
  return {
    message: `Two judges of the jury are called "${label}".`,
    hint: 'Give each a `label` of its own: {use: NAME, label: …}.',
  };
}

/** The facts that decide the scores of a jury: those of each judge that has any, under its label. Throws as `observe`. */
export async function factsOfJury(judges: readonly Judge[], context: ObserveContext): Promise<JsonObject> {
  const facts = await Promise.all(
    judges.map(async (judge) => [judge.describe().label, await judge.observe?.(context)] as const),
  );
  return Object.fromEntries(
    facts.flatMap(([label, observed]) => (observed === undefined ? [] : [[label, observed]])),
  );
}
