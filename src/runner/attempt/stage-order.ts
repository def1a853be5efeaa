import type { ActionRecord } from '../../cache/records/action-record.ts';
import type { EngineChoice, EngineName } from '../../contract/engine-name.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import type { Explanation } from '../events/explanation.ts';
import type { Reason } from '../events/run-event.ts';
import type { Emit } from '../events/run-event-of.ts';
import type { RunStore } from '../events/run-store.ts';
import type { Executors } from '../executor/executors.ts';
import type { Action, Decider, RecordOf } from '../plan/decide.ts';
import type { LostOutput } from '../plan/lost-outputs.ts';
import type { GpuNumbers } from '../schedule/gpu-numbers.ts';
import type { RunControl } from '../schedule/run-control.ts';
import type { Workspace } from '../workspace.ts';
import type { AttemptError } from './attempt.ts';

/** What the stages of a run share. */
export interface StageRunContext {
  readonly workspace: Workspace;
  readonly decider: Decider;
  readonly recordOf: RecordOf;
  readonly executors: Executors;
  readonly control: RunControl;
  readonly store: RunStore;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Attempts that fail or are cancelled keep their whole directory. */
  readonly keepFailed: boolean;
  readonly chooseEngine: () => Promise<EngineChoice>;
  /** What is asked for, where the choice is made elsewhere. */
  readonly engineWanted: EngineName | 'auto';
  readonly gpus: GpuNumbers;
  /** Why a stage that begins runs, followed to its origin; absent where nobody asked. */
  readonly explain?: (beginning: {
    readonly stage: string;
    readonly reason: Reason;
  }) => Promise<readonly Explanation[]>;
  readonly emit: Emit;
}

export interface StageOrder {
  readonly stage: Stage;
  readonly action: Action;
  readonly reason: Reason;
  /** The GPUs that are kept free for it, as CUDA names them. */
  readonly gpus: readonly string[];
  /** The action has a record already, which gives way when other outputs come out. */
  readonly redo: boolean;
}

export type AttemptOutcome = { readonly log?: string } & (
  | { readonly status: 'ran'; readonly record: ActionRecord }
  | { readonly status: 'failed'; readonly error: AttemptError }
  | { readonly status: 'displaced'; readonly error: AttemptError }
  /** It goes on elsewhere, and a later run finds it. */
  | { readonly status: 'left'; readonly error: AttemptError }
  | { readonly status: 'cancelled' }
  | { readonly status: 'lost'; readonly lost: readonly LostOutput[] }
);
