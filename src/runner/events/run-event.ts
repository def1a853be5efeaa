import type { CacheProblem } from '../../cache/cache-problem.ts';
import type { Change } from '../../cache/records/manifest-diff.ts';
import type { EngineChoice } from '../../contract/engine-name.ts';
import type { Json } from '../../contract/json.ts';

export type Outcome = 'hit' | 'ran' | 'failed' | 'skipped' | 'cancelled';

/** Why a stage is a hit, runs, may run, or did not run. `message` is for people, the rest for programs. */
export interface Reason {
  readonly code:
    | 'cached'
    | 'cached-not-verified'
    | 'never-run'
    | 'changed'
    | 'observed-changed'
    | 'output-lost'
    | 'forced'
    | 'upstream'
    | 'upstream-failed'
    | 'failed'
    | 'cancelled'
    | 'finished-elsewhere';
  readonly message: string;
  readonly changes?: readonly Change[];
  /** The stage in which the changes were not, where this one has not been run under its name. */
  readonly compared_with?: string;
  /** Stages whose new results decide (for `upstream`), or whose failure stopped this one. */
  readonly after?: readonly string[];
}

export interface OutputSummary {
  readonly digest: string;
  readonly bytes: number;
}

/** Everything that a user can be told about a run. Reporters see nothing else, and a stored run replays from it. */
export type RunEvent = { readonly time: string } & (
  | {
      readonly type: 'run-started';
      readonly run: string;
      readonly pipeline: string;
      readonly file: string;
      readonly jobs: number;
      readonly stages: readonly {
        readonly stage: string;
        readonly uses: string;
        readonly needs: readonly string[];
      }[];
    }
  | {
      readonly type: 'stage-planned';
      readonly stage: string;
      readonly state: 'hit' | 'run' | 'may-run';
      readonly reason: Reason;
    }
  | ({ readonly type: 'engine-chosen' } & EngineChoice)
  | {
      readonly type: 'preflight-failed';
      readonly problems: readonly {
        readonly stage: string;
        readonly message: string;
        readonly hint?: string;
      }[];
    }
  | {
      readonly type: 'stage-started';
      readonly stage: string;
      readonly action: string;
      readonly attempt: number;
      readonly reason: Reason;
      /** Path of the log that holds the stage's standard output and error. */
      readonly log: string;
    }
  | {
      readonly type: 'stage-progress';
      readonly stage: string;
      readonly done: number;
      readonly total: number | null;
      readonly unit: string;
      readonly metrics?: Readonly<Record<string, number | string>>;
    }
  | {
      readonly type: 'stage-log';
      readonly stage: string;
      readonly level: 'info' | 'warning';
      readonly message: string;
      readonly hint?: string;
    }
  | { readonly type: 'stage-metric'; readonly stage: string; readonly name: string; readonly value: number }
  | { readonly type: 'stage-fact'; readonly stage: string; readonly name: string; readonly value: Json }
  | { readonly type: 'stage-waiting'; readonly stage: string; readonly holder: string }
  | {
      readonly type: 'stage-retrying';
      readonly stage: string;
      /** The attempt that comes next, and how many there are at most. */
      readonly attempt: number;
      readonly of: number;
      readonly delay_ms: number;
      readonly error: string;
    }
  | ({ readonly type: 'cache-problem' } & CacheProblem)
  | {
      /** Comes twice for a hit whose outputs turn out to be lost when they are read: it is rebuilt, and the last counts. */
      readonly type: 'stage-finished';
      readonly stage: string;
      readonly outcome: Outcome;
      readonly reason: Reason;
      readonly duration_ms: number;
      readonly outputs: Readonly<Record<string, OutputSummary>>;
      /** The last value of each metric that the stage told when its result was made, maybe in an earlier run. */
      readonly metrics?: Readonly<Record<string, number>>;
      readonly error?: { readonly message: string; readonly hint?: string };
      readonly log?: string;
    }
  | {
      readonly type: 'run-finished';
      readonly outcome: 'succeeded' | 'failed' | 'cancelled';
      readonly duration_ms: number;
      readonly counts: Readonly<Record<Outcome, number>>;
      /** The command that goes on where this run stopped. */
      readonly next?: string;
    }
);
