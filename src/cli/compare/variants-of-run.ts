import type { ActionRecord } from '../../cache/records/action-record.ts';
import type { Candidate } from '../../comparison/candidate.ts';
import { METRICS_OUTPUT, metricsFrom } from '../../contract/own-metrics/declared-metric.ts';
import { declaredIn } from '../../contract/own-metrics/metrics-file.ts';
import { OWN_STAGE } from '../../contract/own-stage.ts';
import type { Digest } from '../../files/digest.ts';
import { nameOfStage } from '../../pipeline/variant-name.ts';
import type { RunEvent } from '../../runner/events/run-event.ts';
import {
  endingsOf,
  type StoredRun,
  stagesOfRun,
  variantsOfStoredRun,
} from '../../runner/events/stored-run.ts';
import type { Workspace } from '../../runner/workspace.ts';
import { stageTypes } from '../../stages/index.ts';
import { candidateOf, type DoneStage, outputFile } from './read-measurements.ts';

type Finished = Extract<RunEvent, { type: 'stage-finished' }>;

/** The variants of a stored run, with what their stages measured then. `name` stands before the label of each variant. */
export async function variantsOfRun(
  name: string,
  run: StoredRun,
  workspace: Workspace,
): Promise<readonly Candidate[]> {
  const stages = await doneStages(run, workspace);
  const candidates: Candidate[] = [];
  for (const variant of variantsOfStoredRun(run)) {
    const done = variant.stages.flatMap((id) => stages.get(id) ?? []);
    const whole = variant.label === '' ? name : `${name} ${variant.label}`;
    candidates.push(await candidateOf({ name: whole, parameters: variant.params }, done, workspace));
  }
  return candidates;
}

/** What a run has finished, by the ids of its stages, as far as the cache still has the record. */
export async function doneStages(
  run: StoredRun,
  { records, objects }: Workspace,
): Promise<ReadonlyMap<string, DoneStage>> {
  const uses = new Map(stagesOfRun(run).map(({ stage, uses }) => [stage, uses]));
  const done = new Map<string, DoneStage>();
  for (const [id, event] of endingsOf(run)) {
    if (event.action === undefined) continue;
    // Several records where the world has changed since: this one gave what the run has reported.
    const record = (await records.find(event.action as Digest)).find((record) => gave(record.outputs, event));
    if (record === undefined) continue;
    const type = stageTypes.get(uses.get(id) ?? '') ?? (await ownStageOf(record, objects));
    done.set(id, { name: nameOfStage(id), type, record });
  }
  return done;
}

/** The code of an own stage may have changed since, or be gone: what it measured explains itself. */
async function ownStageOf(record: ActionRecord, objects: Workspace['objects']): Promise<DoneStage['type']> {
  const path = await outputFile(record, METRICS_OUTPUT, objects);
  if (record.manifest.type !== OWN_STAGE || path === undefined) return {};
  try {
    return { metrics: metricsFrom(declaredIn(path)) };
  } catch {
    return {}; // an output of that name with another content
  }
}

function gave(outputs: DoneStage['record']['outputs'], event: Finished): boolean {
  return Object.entries(event.outputs).every(([name, { digest }]) => outputs[name]?.digest === digest);
}
