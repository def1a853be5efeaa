import { hostname } from 'node:os';
import { type ActionRecord, RECORD_VERSION } from '../../cache/records/action-record.ts';
import { inlineSmallOutputs } from '../../cache/records/inline-outputs.ts';
import { removeAttempts } from '../../cache/work-directory.ts';
import type { StageSpec } from '../../contract/attempt/spec.ts';
import type { EngineChoice } from '../../contract/engine-name.ts';
import type { JsonObject } from '../../contract/json.ts';
import type { RunStore } from '../events/run-store.ts';
import type { AttemptEnd } from './attempt.ts';
import type { ResultWarning } from './result-warnings.ts';
import type { AttemptOutcome, StageOrder, StageRunContext } from './stage-order.ts';
import { storeOutputs } from './store-outputs.ts';

/** What provenance tells of an attempt that is done, besides its facts. */
export interface WorkDone {
  readonly started: Date;
  readonly engine: EngineChoice | undefined;
  /** The last value of each. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What is to be known of the result, and is shown again on every hit. */
  readonly warnings: readonly ResultWarning[];
}

/**
 * Stores the outputs, then the record: a crash between the two leaves nothing that could be taken for a result. What was
 * handed in to a queue stays whole until there is a record: after such a crash the next run adopts it, and stores it again.
 */
export async function recordAttempt(
  { stage, action, redo }: StageOrder,
  spec: StageSpec,
  { observed, facts, outputs }: Extract<AttemptEnd, { status: 'done' }>,
  work: WorkDone,
  { workspace, decider, store }: StageRunContext,
): Promise<AttemptOutcome> {
  const keep = stage.execution.executor !== undefined;
  const stored = outputs ?? (await storeOutputs(spec.outputs, workspace.objects, { keep }));
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
