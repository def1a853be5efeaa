import type { Reason } from '../../runner/events/run-event.ts';
import type { Plan, PlannedStage } from '../../runner/plan/plan.ts';

/** A planned stage as `pipe plan --json` and `pipe status --json` print it. */
export interface PlannedStageDocument {
  readonly stage: string;
  readonly uses: string;
  readonly state: PlannedStage['state'];
  readonly reason: Reason;
  /** Action key, where it is known already. */
  readonly action?: string;
}

export function plannedStages({ stages }: Plan): readonly PlannedStageDocument[] {
  return stages.map(({ stage, state, reason, action }) => ({
    stage: stage.id,
    uses: stage.type.uses,
    state,
    reason,
    ...(action === undefined ? {} : { action: action.key }),
  }));
}
