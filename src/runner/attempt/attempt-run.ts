import { hostname } from 'node:os';
import { type ActionRecord, RECORD_VERSION } from '../../cache/records/action-record.ts';
import { inlineSmallOutputs } from '../../cache/records/inline-outputs.ts';
import { createAttempt, removeAttempts } from '../../cache/work-directory.ts';
import type { StageSpec } from '../../contract/attempt/spec.ts';
import type { EngineChoice } from '../../contract/engine-name.ts';
import type { JsonObject } from '../../contract/json.ts';
import { StageError } from '../../contract/stage-context.ts';
import { CacheError, explained } from '../../files/system-problem.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import type { Explanation } from '../events/explanation.ts';
import type { Reason } from '../events/run-event.ts';
import { type Emit, runEventOf } from '../events/run-event-of.ts';
import type { RunStore } from '../events/run-store.ts';
import type { Executor } from '../executor/executor.ts';
import type { Action, Decider, RecordOf } from '../plan/decide.ts';
import type { LostOutput } from '../plan/lost-outputs.ts';
import { GPU_VARIABLE, type GpuNumbers } from '../schedule/gpu-numbers.ts';
import type { RunControl } from '../schedule/run-control.ts';
import type { Workspace } from '../workspace.ts';
import { type AttemptEnd, type AttemptError, executeAttempt } from './attempt.ts';
import { keepOnlyWork, takeOver } from './attempt-directory.ts';
import { type ResultWarning, resultWarning } from './result-warnings.ts';
import { stageEnvironment } from './stage-environment.ts';
import { prepareSpec } from './stage-spec.ts';
import { storeOutputs } from './store-outputs.ts';

/** What the stages of a run share. */
export interface StageRunContext {
  readonly workspace: Workspace;
  readonly decider: Decider;
  readonly recordOf: RecordOf;
  readonly executor: Executor;
  readonly control: RunControl;
  readonly store: RunStore;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Attempts that fail or are cancelled keep their whole directory. */
  readonly keepFailed: boolean;
  readonly chooseEngine: () => Promise<EngineChoice>;
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
  | { readonly status: 'cancelled' }
  | { readonly status: 'lost'; readonly lost: readonly LostOutput[] }
);

/** What provenance tells of an attempt that is done, besides its facts. */
interface WorkDone {
  readonly started: Date;
  readonly engine: EngineChoice | undefined;
  /** The last value of each. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What is to be known of the result, and is shown again on every hit. */
  readonly warnings: readonly ResultWarning[];
}

/**
 * Makes one attempt at an action, whose lock is held: prepares its directory, executes it, records what came out, and
 * leaves nothing behind but what a later attempt, or whoever asked to keep it, can use. `number` counts the attempts of
 * the stage in this run; the directory of this one is added to `own`.
 */
export async function runAttempt(
  order: StageOrder,
  { number, own }: { readonly number: number; readonly own: Set<string> },
  context: StageRunContext,
): Promise<AttemptOutcome> {
  const { workspace, decider, recordOf, executor, keepFailed, chooseEngine, emit } = context;
  const { stage, action, reason } = order;
  const engine = stage.type.tensors ? await chooseEngine() : undefined;
  const found = await takeOver(workspace.workDirectory, action.key, executor);
  // Whoever forces a stage may distrust what earlier runs left of it.
  const earlier = reason.code === 'forced' ? found.filter(({ directory }) => own.has(directory)) : found;
  const attempt = await createAttempt(workspace.workDirectory, action.key);
  own.add(attempt.directory);
  let leaves: 'work' | 'all' | 'nothing' = 'work';
  try {
    const prepared = await explained('prepare an attempt', () =>
      prepareSpec({ stage, action, attempt, earlier, engine }, { workspace, files: decider.files, recordOf }),
    );
    if ('lost' in prepared) return { status: 'lost', lost: prepared.lost };
    const started = new Date();
    const { end, log, metrics, warnings } = await execute(order, number, prepared.spec, context);
    const work = { started, engine, metrics, warnings };
    const outcome =
      end.status === 'done'
        ? await failedByUser(() => record(order, prepared.spec, end, work, context))
        : end;
    if (outcome.status === 'ran') leaves = 'nothing';
    else if (keepFailed) {
      leaves = 'all';
      emit({
        type: 'stage-log',
        stage: stage.id,
        level: 'warning',
        message: `the attempt is kept: ${attempt.directory}`,
        hint: 'docs/guides/debug-a-stage.md says how to run it by hand. The next run removes it.',
      });
    }
    return { ...outcome, log };
  } finally {
    // The next attempt of the action looks again.
    if (leaves === 'work') await keepOnlyWork(attempt.directory).catch(() => {});
  }
}

/** What a user can fix is an end like any other; other errors are ours and go up. */
export async function failedByUser(step: () => Promise<AttemptOutcome>): Promise<AttemptOutcome> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof StageError || error instanceof CacheError)) throw error;
    const { message, hint } = error;
    return { status: 'failed', error: { message, ...(hint !== undefined && { hint }) } };
  }
}

async function execute(
  { stage, reason, gpus }: StageOrder,
  number: number,
  spec: StageSpec,
  { executor, control, store, environment, emit }: StageRunContext,
): Promise<Pick<WorkDone, 'metrics' | 'warnings'> & { end: AttemptEnd; log: string }> {
  const log = store.logFile(stage.id, number);
  const metrics = new Map<string, number>();
  const warnings: ResultWarning[] = [];
  emit({ type: 'stage-started', stage: stage.id, action: spec.key, attempt: number, reason, log });
  const end = await executeAttempt(spec, {
    executor,
    control,
    surroundings: { environment: { ...stageEnvironment(stage, environment), ...visible(gpus) }, log },
    timeout: stage.execution.timeout,
    onEvent: (event) => {
      if (event.type === 'metric') metrics.set(event.name, event.value);
      if (event.type === 'warning' && event.of_result) warnings.push(resultWarning(event));
      emit(runEventOf(stage.id, event));
    },
  });
  return { end, log, metrics: Object.fromEntries(metrics), warnings };
}

/** Without a GPU of its own a stage sees what the user sees. */
function visible(gpus: readonly string[]): Record<string, string> {
  return gpus.length > 0 ? { [GPU_VARIABLE]: gpus.join(',') } : {};
}

/** Stores the outputs, then the record: a crash between the two leaves nothing that could be taken for a result. */
async function record(
  { stage, action, redo }: StageOrder,
  spec: StageSpec,
  { observed, facts }: Extract<AttemptEnd, { status: 'done' }>,
  work: WorkDone,
  { workspace, decider, store }: StageRunContext,
): Promise<AttemptOutcome> {
  const stored = await storeOutputs(spec.outputs, workspace.objects);
  const made: ActionRecord = {
    record: RECORD_VERSION,
    key: action.key,
    manifest: action.manifest,
    outputs: await inlineSmallOutputs(stored, workspace.objects),
    observed,
    provenance: provenance(work, facts, store),
  };
  const kept = redo ? await workspace.records.replace(made) : await workspace.records.add(made);
  workspace.remote?.upload(kept, workspace.objects);
  if (stage.type.observe) await decider.observed.remember(stage, observed);
  // Only disk space depends on it.
  await removeAttempts(workspace.workDirectory, action.key).catch(() => {});
  return { status: 'ran', record: kept };
}

function provenance(
  { started, engine, metrics, warnings }: WorkDone,
  facts: JsonObject,
  { about }: RunStore,
): JsonObject {
  return {
    run: about.run,
    started: started.toISOString(),
    finished: new Date().toISOString(),
    host: hostname(),
    platform: `${process.platform}-${process.arch}`,
    versions: about.versions,
    ...(engine && { engine: { name: engine.engine, requested: engine.requested, reason: engine.reason } }),
    facts,
    metrics,
    ...(warnings.length > 0 && { warnings }),
  };
}
