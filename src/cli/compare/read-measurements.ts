import type { ActionRecord } from '../../cache/records/action-record.ts';
import { restoreInline } from '../../cache/records/inline-outputs.ts';
import type { Candidate, Measurement } from '../../comparison/candidate.ts';
import type { Json } from '../../contract/json.ts';
import { messageOf } from '../../contract/message-of.ts';
import { metricsOf, type StageType } from '../../contract/stage-type.ts';
import type { Workspace } from '../../runner/workspace.ts';
import { UserError } from '../user-error.ts';

/** A finished stage of what is compared. */
export interface DoneStage {
  /** Without its variant. */
  readonly name: string;
  readonly type: Pick<StageType, 'metrics'>;
  readonly record: ActionRecord;
}

/** Where an output that is a file can be read, hashed now; undefined if there is none, or it is lost. */
export async function outputFile(
  record: ActionRecord,
  output: string,
  objects: Workspace['objects'],
): Promise<string | undefined> {
  const stored = record.outputs[output];
  if (stored === undefined) return undefined;
  await restoreInline({ outputs: { [output]: stored } }, objects);
  const located = await objects.locate(stored);
  return located?.artifact === 'file' ? located.path : undefined;
}

/** What the stages of a candidate measured, how long they took, and what computed. Throws a UserError for lost scores. */
export async function candidateOf(
  about: { readonly name: string; readonly parameters: Readonly<Record<string, Json>> },
  stages: readonly DoneStage[],
  { objects }: Workspace,
): Promise<Candidate> {
  const measurements: Measurement[] = [];
  for (const { name, type, record } of stages) {
    for (const metric of metricsOf(type, record.manifest.settings)) {
      const path = await outputFile(record, metric.output, objects);
      if (path === undefined)
        throw new UserError(
          `the output ${name}.${metric.output} of ${about.name} is not in the cache, so ${metric.name} cannot be read`,
          `make it again: pipe run FILE --force ${name}`,
        );
      try {
        measurements.push({ stage: name, metric, measured: await metric.read(path) });
      } catch (error) {
        throw new UserError(
          `${name}.${metric.output} of ${about.name} cannot be read: ${messageOf(error)}`,
          `make it again: pipe run FILE --force ${name}`,
        );
      }
    }
  }
  const records = stages.map(({ record }) => record);
  return {
    ...about,
    measurements,
    milliseconds: records.reduce((sum, { provenance }) => sum + durationOf(provenance), 0),
    engines: [...new Set(records.flatMap(({ provenance }) => engineOf(provenance)))],
  };
}

function durationOf({ started, finished }: ActionRecord['provenance']): number {
  const milliseconds = Date.parse(String(finished)) - Date.parse(String(started));
  return milliseconds > 0 ? milliseconds : 0;
}

function engineOf({ engine }: ActionRecord['provenance']): readonly string[] {
  const { name } = Object(engine) as { name?: unknown };
  return typeof name === 'string' ? [name] : [];
}
