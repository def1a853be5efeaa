import type { Action } from '../../runner/plan/decide.ts';
import type { ExpectedWork } from '../../runner/plan/expected-work.ts';
import type { Plan } from '../../runner/plan/plan.ts';
import type { PlannedStageDocument } from '../json-shapes/plan.ts';

/** Planned stages as `pipe plan --json` and `pipe status --json` print them; `expected`: what they will take, by their ids. */
export function plannedStages(
  { stages, refusals }: Plan,
  expected?: ReadonlyMap<string, ExpectedWork>,
): readonly PlannedStageDocument[] {
  const refused = new Set(refusals.map(({ stage }) => stage));
  return stages.map(({ stage, state, reason, action }) => ({
    stage: stage.id,
    uses: stage.type.uses,
    state,
    reason,
    ...(action === undefined ? {} : { action: action.key }),
    ...(refused.has(stage.id) && ({ refused: true } as const)),
    ...recordedInputs(action),
    ...expectedOf(expected?.get(stage.id)),
  }));
}

function expectedOf(work: ExpectedWork | undefined): Pick<PlannedStageDocument, 'expected'> {
  return work !== undefined && Object.keys(work).length > 0 ? { expected: work } : {};
}

function recordedInputs(action: Action | undefined): Pick<PlannedStageDocument, 'recorded'> {
  const recorded = Object.entries(action?.inputs ?? {}).flatMap(([input, { artifact, from }]) =>
    'recorded' in from ? [{ input, path: from.path, digest: artifact.digest }] : [],
  );
  return recorded.length > 0 ? { recorded } : {};
}
