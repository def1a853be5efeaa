import type { StageResult } from '../contract/result.ts';
import type { StageSpec } from '../contract/spec.ts';
import type { StageEvent } from '../contract/stage-event.ts';

/**
 * Where stages' processes run. Runner and process meet only in the attempt's directory, so an executor for
 * another machine needs no more than a file system that both see.
 */
export interface Executor {
  /** Starts the attempt that `spec.json` in the spec's attempt directory describes. */
  start(spec: StageSpec, surroundings: Surroundings): AttemptHandle;
}

export interface Surroundings {
  /** The whole environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  /** File that standard output and error are appended to. */
  readonly log: string;
}

export interface AttemptHandle {
  /** The stage's events in order, until the process has ended. */
  readonly events: AsyncIterable<StageEvent>;
  /** How it ended, once no process of its group is left; a process that died without a result has failed. */
  readonly done: Promise<StageResult>;
  /** Asks the stage to stop; it may write a checkpoint first. */
  cancel(): void;
  /** Ends every process of the group at once. */
  kill(): void;
}
