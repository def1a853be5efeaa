import type { Repeated } from '../cache/records/compared-records.ts';
import type { EngineName } from '../contract/engine-name.ts';
import type { Resources } from '../pipeline/pipeline.ts';
import type { RunEvent } from './events/run-event.ts';
import type { OpenExecutor, OwnMachine } from './executor/executor.ts';
import type { DecideOptions } from './plan/decide.ts';
import type { Selection } from './plan/stage-graph.ts';
import type { RunControl } from './schedule/run-control.ts';
import type { OpenRemote } from './workspace.ts';

/** How a pipeline is to be run. */
export interface RunOptions extends DecideOptions, Selection {
  readonly artifactsDirectory: string;
  /** At most this many stages at once. */
  readonly jobs: number;
  /** False: nothing is checked before the first stage starts. */
  readonly preflight: boolean;
  /** Ids or names of stages that run whatever is cached. */
  readonly force?: readonly string[];
  /** Records stay as they are: what a forced stage gives is compared with its record, and reported here. */
  readonly onRepeated?: (repeated: Repeated) => void;
  /** Attempts that fail or are cancelled keep their whole directory, until a later run tidies it. */
  readonly keepFailed?: boolean;
  readonly openRemote?: OpenRemote | undefined;
  /** Each stage that runs is explained to its origin, in an event. */
  readonly explain?: boolean;
  /** This machine. */
  readonly executor: OwnMachine;
  /** Opens the executors of other machines that stages name. */
  readonly openExecutor?: OpenExecutor;
  /** Instead of the engine that the pipeline asks for. */
  readonly engine?: EngineName | 'auto';
  /** Gets every event, in order. */
  readonly emit: (event: RunEvent) => void;
  readonly control: RunControl;
  /** The command line, without the program: stored. */
  readonly argv: readonly string[];
  /** The command that continues the run, as its user would type it; made of `argv` when absent. */
  readonly next?: string;
  /** Versions that are recorded (`pipe`, `node`). */
  readonly versions: Readonly<Record<string, string>>;
  /** What the machine has; found out when absent. */
  readonly capacity?: Resources;
}

export type RunOutcome = 'succeeded' | 'failed' | 'cancelled' | 'preflight-failed';
