import { canonicalJson } from '../../contract/canonical-json.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import type { ExpectedWork } from '../plan/expected-work.ts';
import type { PlannedStage } from '../plan/planned-stage.ts';
import { needsOf } from '../plan/stage-graph.ts';
import type { Share } from './room.ts';
import type { TimedTask } from './time-left.ts';

/** A planned stage as the schedule sees it; a hit takes no time, and nothing of the machine while it is settled. */
export function taskOf({ stage, state }: PlannedStage, expected: ExpectedWork | undefined): TimedTask {
  return {
    id: stage.id,
    ...needsOf(stage),
    ...shareOf(stage),
    left_ms: state === 'hit' ? 0 : expected?.duration_ms,
    isRunning: false,
  };
}

function shareOf({ type, execution: { executor, resources } }: Stage): Share {
  if (executor === undefined) {
    return { resources, class: type.uses, atMost: type.atMost ?? Number.POSITIVE_INFINITY };
  }
  const { slots } = resources;
  return {
    resources: { cpu: 0, gpu: 0, memory: 0, ...(slots && { slots }) },
    class: canonicalJson(executor),
    atMost: executor.jobs,
    isElsewhere: true,
  };
}
