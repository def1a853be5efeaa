import type { StageResult } from '../../contract/attempt/result.ts';
import type { StageSpec } from '../../contract/attempt/spec.ts';
import type { StageEvent } from '../../contract/attempt/stage-event.ts';
import type { EngineChoice, EngineName } from '../../contract/engine-name.ts';

/**
 * Where stages' processes run. Runner and process meet only in the attempt's directory, so an executor for
 * another machine needs no more than a file system that both see.
 */
export interface Executor {
  /** What computes tensors where stages run. Throws a StageError where `requested` does not work there. */
  chooseEngine(requested: EngineName | 'auto'): Promise<EngineChoice>;
  /** Starts the attempt that `spec.json` in the spec's attempt directory describes. */
  start(spec: StageSpec, surroundings: Surroundings): AttemptHandle;
  /**
   * Ends whatever still runs of an attempt whose runner is dead, and waits for it: nothing of it writes afterwards.
   * The caller holds the lock of the action.
   */
  endRemains(attemptDirectory: string): Promise<void>;
  /** Gives up what it keeps for all attempts; none runs any more. A later `start` begins anew. */
  close(): Promise<void>;
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
  /** How it ended, once nothing of it runs any more; a process that died without a result has failed. */
  readonly done: Promise<StageResult>;
  /** Asks the stage to stop; it may write a checkpoint first. */
  cancel(): void;
  /** Ends every process of the attempt at once. */
  kill(): void;
}
