import type { ActionRecord } from '../../cache/records/action-record.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import type { Reason } from '../events/run-event.ts';
import type { Action } from './decide.ts';

/** What a run would do with a stage, and why. */
export interface PlannedStage {
  readonly stage: Stage;
  /** `may-run`: a producer runs first, and its new outputs decide. */
  readonly state: 'hit' | 'run' | 'may-run';
  readonly reason: Reason;
  /** Known where no input waits for outputs that nobody has seen yet. */
  readonly action?: Action;
  /** The record of a hit; of another stage, what its outputs were and may well be again. */
  readonly record?: ActionRecord;
}
