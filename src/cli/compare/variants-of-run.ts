import type { Candidate } from '../../comparison/candidate.ts';
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
import { candidateOf, type DoneStage } from './read-measurements.ts';

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
  { records }: Workspace,
): Promise<ReadonlyMap<string, DoneStage>> {
  const uses = new Map(stagesOfRun(run).map(({ stage, uses }) => [stage, uses]));
  const done = new Map<string, DoneStage>();
  for (const [id, event] of endingsOf(run)) {
    const type = stageTypes.get(uses.get(id) ?? '');
    if (type === undefined || event.action === undefined) continue;
    // Several records where the world has changed since: this one gave what the run has reported.
    const record = (await records.find(event.action as Digest)).find((record) => gave(record.outputs, event));
    if (record !== undefined) done.set(id, { name: nameOfStage(id), type, record });
  }
  return done;
}

function gave(outputs: DoneStage['record']['outputs'], event: Finished): boolean {
  return Object.entries(event.outputs).every(([name, { digest }]) => outputs[name]?.digest === digest);
}
