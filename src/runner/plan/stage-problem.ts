import type { Problem } from '../../contract/stage-type.ts';
import type { Reason } from '../events/run-event.ts';

/** Why a run ends before it starts: what would make a stage fail, or a stage that is stale and may not run. */
export type StageProblem = Problem & {
  readonly stage: string;
  /** Why the stage is stale, where that is the problem. */
  readonly reason?: Reason;
};
