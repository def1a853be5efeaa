import type { Action } from '../../runner/plan/decide.ts';
import type { Plan } from '../../runner/plan/plan.ts';
import type { PlannedStageDocument } from '../json-shapes/plan.ts';

/** Planned stages as `pipe plan --json` and `pipe status --json` print them. */
export function plannedStages({ stages, refusals }: Plan): readonly PlannedStageDocument[] {
  const refused = new Set(refusals.map(({ stage }) => stage));
  return stages.map(({ stage, state, reason, action }) => ({
    stage: stage.id,
    uses: stage.type.uses,
    state,
    reason,
    ...(action === undefined ? {} : { action: action.key }),
    ...(refused.has(stage.id) && ({ refused: true } as const)),
    ...recordedInputs(action),
  }));
}

function recordedInputs(action: Action | undefined): Pick<PlannedStageDocument, 'recorded'> {
  const recorded = Object.entries(action?.inputs ?? {}).flatMap(([input, { artifact, from }]) =>
    'recorded' in from ? [{ input, path: from.path, digest: artifact.digest }] : [],
  );
  return recorded.length > 0 ? { recorded } : {};
}
