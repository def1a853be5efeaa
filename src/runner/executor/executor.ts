import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import type { StageResult } from '../../contract/attempt/result.ts';
import type { StageSpec } from '../../contract/attempt/spec.ts';
import type { StageEvent } from '../../contract/attempt/stage-event.ts';
import type { EngineChoice, EngineName } from '../../contract/engine-name.ts';
import type { RemoteProfile } from '../../contract/executor/executor-profile.ts';
import type { JsonObject } from '../../contract/json.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import type { StageProblem } from '../plan/stage-problem.ts';
import type { Workspace } from '../workspace.ts';

/** Where stages' processes run. Runner and process meet only in the attempt's directory. */
export interface Executor {
  /** Starts the attempt that `spec.json` in the spec's attempt directory describes. */
  start(spec: StageSpec, surroundings: Surroundings): AttemptHandle;
  /** Gives up what it keeps for all attempts; none runs any more. A later `start` begins anew. */
  close(): Promise<void>;
}

/** This machine. */
export interface OwnMachine extends Executor {
  /** What computes tensors where stages run. Throws a StageError where `requested` does not work there. */
  chooseEngine(requested: EngineName | 'auto'): Promise<EngineChoice>;
  /**
   * Ends whatever still runs of an attempt whose runner is dead, and waits for it: nothing of it writes afterwards.
   * The caller holds the lock of the action.
   */
  endRemains(attemptDirectory: string): Promise<void>;
}

/**
 * Other machines, with a queue of their own. What was handed in there goes on without the runner, and a later one finds it
 * by the `reference` that `start` has written into the attempt's directory (submission.ts).
 */
export interface RemoteExecutor extends Executor {
  /** Its machines see nothing of the artifacts folder: a spec names inputs by digest, and a result its outputs. */
  readonly throughStore?: boolean;
  /** What would make the stages fail and can be known before anything is handed in. */
  preflight(stages: readonly Stage[]): Promise<readonly StageProblem[]>;
  /**
   * Goes on with an attempt that an earlier runner handed in: one that waits, runs or is done. Undefined for one that came
   * to no good end; nothing of that runs any more. The caller holds the lock of the action.
   */
  adopt(
    spec: StageSpec,
    reference: JsonObject,
    surroundings: Surroundings,
  ): Promise<AttemptHandle | undefined>;
  /** As `OwnMachine.endRemains`, of an attempt that was handed in. */
  endRemains(attemptDirectory: string, reference: JsonObject): Promise<void>;
}

/** The cache of the run, for machines that do not see its folder. */
export type RunCache = Pick<Workspace, 'objects' | 'remote'>;

/** Opens what a profile describes. Throws a StageError where it cannot be used here. */
export type OpenExecutor = (profile: RemoteProfile, cache: RunCache) => Promise<RemoteExecutor>;

export interface Surroundings {
  /** The whole environment of the process, secrets included: those are in no script, argument or description of a job. */
  readonly environment: Readonly<Record<string, string>>;
  /** File that standard output and error are appended to. */
  readonly log: string;
  /** For whom it is: for names, limits and what people see in a queue. */
  readonly about: { readonly run: string; readonly pipeline: string; readonly stage: Stage };
}

/** How an attempt ended. */
export type AttemptResult =
  | StageResult
  /** Its outputs are known by their digests, and stored where the run reads from; nothing of them is in its directory. */
  | (Extract<StageResult, { status: 'done' }> & {
      readonly outputs: Readonly<Record<string, StoredArtifact>>;
    })
  /** The machine was taken away from it (preempted, evicted, its node failed): it counts as no failure of the stage. */
  | { readonly status: 'displaced'; readonly error: { readonly message: string; readonly hint?: string } }
  /** It was to be ended and could not be reached: it may go on, and a later run finds it. */
  | { readonly status: 'left'; readonly error: { readonly message: string; readonly hint?: string } };

export interface AttemptHandle {
  /** The stage's events in order, until the process has ended. */
  readonly events: AsyncIterable<StageEvent>;
  /** How it ended, once nothing of it runs any more; a process that died without a result has failed. */
  readonly done: Promise<AttemptResult>;
  /** Asks the stage to stop; it may write a checkpoint first. */
  cancel(): void;
  /** Ends every process of the attempt at once. */
  kill(): void;
}
