import type { ExpectedWork } from '../plan/expected-work.ts';
import type { PlannedStage } from '../plan/planned-stage.ts';
import { needsOf } from '../plan/stage-graph.ts';
import type { TimedTask } from './time-left.ts';

/** A planned stage as the schedule sees it; a hit takes no time, and nothing of the machine while it is settled. */
export function taskOf({ stage, state }: PlannedStage, expected: ExpectedWork | undefined): TimedTask {
  return {
    id: stage.id,
    ...needsOf(stage),
    resources: stage.execution.resources,
    class: stage.type.uses,
    atMost: stage.type.atMost ?? Number.POSITIVE_INFINITY,
    left_ms: state === 'hit' ? 0 : expected?.duration_ms,
    isRunning: false,
  };
}
