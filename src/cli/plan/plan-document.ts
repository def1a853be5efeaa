import type { Plan } from '../../runner/plan/plan.ts';
import type { PlannedStageDocument } from '../json-shapes/plan.ts';

/** Planned stages as `pipe plan --json` and `pipe status --json` print them. */
export function plannedStages({ stages }: Plan): readonly PlannedStageDocument[] {
  return stages.map(({ stage, state, reason, action }) => ({
    stage: stage.id,
    uses: stage.type.uses,
    state,
    reason,
    ...(action === undefined ? {} : { action: action.key }),
  }));
}
