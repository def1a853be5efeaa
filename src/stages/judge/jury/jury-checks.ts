import type { JsonObject } from '../../../contract/json.ts';
import type { ObserveContext, PreflightContext, Problem } from '../../../contract/stage-type.ts';
import type { Judge } from '../judge-contract.ts';

/** What would make any of the judges fail; of a jury also two judges whom nobody could tell apart. Never throws. */
export async function problemsOfJudges(
  judges: readonly Judge[],
  context: PreflightContext,
): Promise<readonly Problem[]> {
  const labels = judges.map((judge) => judge.describe().label);
  const twice = labels.find((label, place) => labels.indexOf(label) < place);
  const own = await Promise.all(judges.map((judge) => judge.preflight?.(context) ?? []));
  return [
    ...own.flat(),
    ...(twice === undefined
      ? []
      : [
          {
            message: `Two judges of the jury are called "${twice}".`,
            hint: 'Give each a `label` of its own: {use: NAME, label: …}.',
          },
        ]),
  ];
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
