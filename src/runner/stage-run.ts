import { existsSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type ActionRecord, RECORD_VERSION } from '../cache/action-record.ts';
import { CacheError, explained, orAbsent } from '../cache/cache-error.ts';
import { inlineSmallOutputs } from '../cache/inline-outputs.ts';
import { type Attempt, createAttempt, listAttempts, removeAttempts } from '../cache/work-directory.ts';
import type { EngineChoice } from '../contract/engine-name.ts';
import type { JsonObject } from '../contract/json.ts';
import type { StageResult } from '../contract/result.ts';
import type { StageSpec } from '../contract/spec.ts';
import { StageError } from '../contract/stage-context.ts';
import type { Stage } from '../pipeline/pipeline.ts';
import { type AttemptEnd, type AttemptError, executeAttempt, storeOutputs } from './attempt.ts';
import { attemptFiles } from './attempt-files.ts';
import type { Action, Decider, RecordOf } from './decide.ts';
import type { Reason } from './events.ts';
import type { Executor } from './executor.ts';
import type { LostOutput } from './lost-outputs.ts';
import type { RunControl } from './run-control.ts';
import type { Emit } from './run-log.ts';
import { runEventOf } from './run-log.ts';
import type { RunStore } from './run-store.ts';
import { stageEnvironment } from './stage-environment.ts';
import { prepareSpec } from './stage-spec.ts';
import type { Workspace } from './workspace.ts';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
/** A process that was done this long ago and has left no record does not write one any more. */
const RECORDING_MS = 60_000;
const RECORDING_POLL_MS = 100;

/** What the stages of a run share. */
export interface StageRunContext {
  readonly workspace: Workspace;
  readonly decider: Decider;
  readonly recordOf: RecordOf;
  readonly executor: Executor;
  readonly control: RunControl;
  readonly store: RunStore;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly chooseEngine: () => Promise<EngineChoice>;
  readonly emit: Emit;
}

export interface StageOrder {
  readonly stage: Stage;
  readonly action: Action;
  readonly reason: Reason;
  /** The action has a record already, which gives way when other outputs come out. */
  readonly redo: boolean;
}

export type StageEnd = { readonly log?: string } & (
  | { readonly status: 'ran' | 'found-elsewhere'; readonly record: ActionRecord }
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
}

type AttemptOutcome = StageEnd | { readonly status: 'superseded'; readonly log?: string };

/** Runs one stage: attempt after attempt, until one is done or none is left, and records what came out. */
export class StageRun {
  readonly #context: StageRunContext;
  /** Over the whole run: a stage whose outputs were lost may run twice. */
  readonly #attempts = new Map<string, number>();

  constructor(context: StageRunContext) {
    this.#context = context;
  }

  async run(order: StageOrder): Promise<StageEnd> {
    const { control, emit } = this.#context;
    const { retries } = order.stage.execution;
    for (let failures = 0; ; ) {
      const end = await mendable(() => this.#attempt(order));
      if (end.status === 'superseded') {
        const record = await this.#recordFromElsewhere(order);
        if (record) return { status: 'found-elsewhere', record };
        continue;
      }
      if (end.status !== 'failed' || failures === retries || control.cancelled.aborted) return end;
      const delay_ms = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
      failures++;
      const { message } = end.error;
      const stage = order.stage.id;
      emit({
        type: 'stage-retrying',
        stage,
        attempt: failures + 1,
        of: retries + 1,
        delay_ms,
        error: message,
      });
      await delay(delay_ms, undefined, { signal: control.cancelled }).catch(() => {});
      if (control.cancelled.aborted)
        return { status: 'cancelled', ...(end.log !== undefined && { log: end.log }) };
    }
  }

  async #attempt(order: StageOrder): Promise<AttemptOutcome> {
    const { workspace, decider, recordOf, chooseEngine } = this.#context;
    const { stage, action } = order;
    const engine = stage.type.tensors ? await chooseEngine() : undefined;
    const attempt = await createAttempt(workspace.workDirectory, action.key);
    const earlier = (await listAttempts(workspace.workDirectory, action.key)).filter(
      ({ attempt: name, directory }) => name < attempt.attempt && existsSync(attemptFiles(directory).work),
    );
    const prepared = await explained('prepare an attempt', () =>
      prepareSpec({ stage, action, attempt, earlier, engine }, { workspace, files: decider.files, recordOf }),
    );
    if ('lost' in prepared) {
      await rm(attempt.directory, { recursive: true });
      return { status: 'lost', lost: prepared.lost };
    }
    const started = new Date();
    const { end, log, metrics } = await this.#execute(order, prepared.spec);
    const outcome =
      end.status === 'done'
        ? await mendable(() => this.#record(order, prepared.spec, end, { started, engine, metrics }))
        : end;
    if (outcome.status === 'superseded')
      await rm(attempt.directory, { recursive: true }); // it did nothing
    else if (outcome.status !== 'ran') await discardAllButWork(attempt);
    return { ...outcome, log };
  }

  async #execute(
    { stage, reason }: StageOrder,
    spec: StageSpec,
  ): Promise<{ end: AttemptEnd; log: string; metrics: Record<string, number> }> {
    const { executor, control, store, environment, emit } = this.#context;
    const number = (this.#attempts.get(stage.id) ?? 0) + 1;
    this.#attempts.set(stage.id, number);
    const log = store.logFile(stage.id, number);
    const metrics: Record<string, number> = {};
    emit({ type: 'stage-started', stage: stage.id, action: spec.key, attempt: number, reason, log });
    const end = await executeAttempt(spec, {
      executor,
      control,
      surroundings: { environment: stageEnvironment(stage, environment), log },
      timeout: stage.execution.timeout,
      onEvent: (event) => {
        if (event.type === 'metric') metrics[event.name] = event.value;
        emit(runEventOf(stage.id, event));
      },
    });
    return { end, log, metrics };
  }

  /** Stores the outputs, then the record: a crash between the two leaves nothing that could be taken for a result. */
  async #record(
    { stage, action, redo }: StageOrder,
    spec: StageSpec,
    { observed, facts }: Extract<AttemptEnd, { status: 'done' }>,
    work: WorkDone,
  ): Promise<StageEnd> {
    const { workspace, decider } = this.#context;
    const outputs = await storeOutputs(spec.outputs, workspace.objects);
    if ('error' in outputs) return { status: 'failed', error: outputs.error };
    const record: ActionRecord = {
      record: RECORD_VERSION,
      key: action.key,
      manifest: action.manifest,
      outputs: await inlineSmallOutputs(outputs.stored, workspace.objects),
      observed,
      provenance: this.#provenance(work, facts),
    };
    const winner = redo ? await workspace.records.replace(record) : await workspace.records.add(record);
    if (stage.type.observe) await decider.observed.remember(stage, observed);
    await removeAttempts(workspace.workDirectory, action.key);
    return { status: 'ran', record: winner };
  }

  #provenance({ started, engine, metrics }: WorkDone, facts: JsonObject): JsonObject {
    const { about } = this.#context.store;
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
    };
  }

  /** The record of the process that held the lock: it is written only after that process has ended. */
  async #recordFromElsewhere({ stage, action }: StageOrder): Promise<ActionRecord | undefined> {
    const { workspace, decider, control } = this.#context;
    for (;;) {
      // Looked at first: the attempt disappears only when the record is there.
      const recording = await isBeingRecorded(workspace, action);
      const decision = await decider.decide(stage, action);
      if (decision.hit) return decision.record;
      if (!recording || control.cancelled.aborted) return undefined;
      await delay(RECORDING_POLL_MS);
    }
  }
}

/** What a user can mend is an end like any other; other errors are ours and go up. */
async function mendable<End>(
  step: () => Promise<End>,
): Promise<End | Extract<StageEnd, { status: 'failed' }>> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof StageError || error instanceof CacheError)) throw error;
    const { message, hint } = error;
    return { status: 'failed', error: { message, ...(hint !== undefined && { hint }) } };
  }
}

/** Whether an attempt of the action was done a moment ago, so that its runner most likely stores the outputs now. */
async function isBeingRecorded(workspace: Workspace, { key }: Action): Promise<boolean> {
  for (const { directory } of await listAttempts(workspace.workDirectory, key)) {
    const file = attemptFiles(directory).result;
    const text = await orAbsent(readFile(file, 'utf8'));
    const state = await orAbsent(stat(file));
    if (text === undefined || !state || Date.now() - state.mtimeMs > RECORDING_MS) continue;
    if ((JSON.parse(text) as StageResult).status === 'done') return true;
  }
  return false;
}

/** Checkpoints and finished items serve the next attempt; copies of inputs and half-written outputs nobody. */
async function discardAllButWork({ directory }: Attempt): Promise<void> {
  const { inputs, outputs } = attemptFiles(directory);
  for (const path of [inputs, outputs]) await rm(path, { recursive: true, force: true });
}
