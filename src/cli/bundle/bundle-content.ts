import type { BundleContent } from '../../cache/bundle/write-bundle.ts';
import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import type { ActionRecord } from '../../cache/records/action-record.ts';
import { restoreInline } from '../../cache/records/inline-outputs.ts';
import { metricsOf } from '../../contract/stage-type.ts';
import type { Digest } from '../../files/digest.ts';
import type { Pipeline, Stage } from '../../pipeline/pipeline.ts';
import { FileInputs } from '../../runner/plan/file-inputs.ts';
import type { PlannedStage } from '../../runner/plan/planned-stage.ts';
import { pathInPipeline } from '../../runner/plan/recorded-inputs.ts';
import type { Workspace } from '../../runner/workspace.ts';

/** Something that the stages of a bundle read. */
interface Read {
  readonly artifact: StoredArtifact;
  /** The stage that made it, or the path of the file that it is. */
  readonly from: string;
}

/** The content of a bundle for some stages, and where each of its artifacts is from. */
export interface Collected {
  readonly content: BundleContent;
  readonly origins: ReadonlyMap<Digest, string>;
}

/**
 * What the stages `targets` need: the records of all stages before them, what their input files are, and what they read.
 * `stages` are planned: the targets and all before them, of which each that is no target has a record. Small outputs
 * are put back into the store.
 */
export async function collectContent(
  pipeline: Pipeline,
  stages: readonly PlannedStage[],
  targets: ReadonlySet<string>,
  workspace: Workspace,
): Promise<Collected> {
  const records = new Map<string, ActionRecord>();
  for (const { stage, record } of stages) if (record && !targets.has(stage.id)) records.set(stage.id, record);
  const files = new Map<string, StoredArtifact>();
  const reads: Read[] = [];
  const present = new FileInputs(workspace);
  for (const planned of stages) {
    const own = await filesOf(planned, present);
    for (const [path, artifact] of own) files.set(pathInPipeline(pipeline, path), artifact);
    const record = records.get(planned.stage.id);
    if (record) reads.push(...measuredOf(planned.stage, record));
    if (!targets.has(planned.stage.id)) continue;
    reads.push(...[...own].map(([from, artifact]) => ({ from, artifact })));
    reads.push(...outputsReadBy(planned.stage, records));
  }
  for (const from of new Set(reads.map(({ from }) => from))) {
    const record = records.get(from);
    if (record) await restoreInline(record, workspace.objects);
  }
  const artifacts = new Map(reads.map(({ artifact }) => [artifact.digest, artifact]));
  const content = {
    pipeline: pipeline.name,
    stages: new Map([...records].map(([stage, { key }]) => [stage, key])),
    files,
    records: [...new Map([...records.values()].map((record) => [record.key, record])).values()],
    artifacts: [...artifacts.values()],
  };
  return { content, origins: new Map(reads.map(({ artifact, from }) => [artifact.digest, from])) };
}

/** What the metrics of a stage are read from: `pipe compare` shows them elsewhere, too. */
function measuredOf({ id, type }: Stage, { manifest, outputs }: ActionRecord): readonly Read[] {
  return metricsOf(type, manifest.settings).flatMap(({ output }) => {
    const artifact = outputs[output];
    return artifact === undefined ? [] : [{ artifact, from: id }];
  });
}

/** What a stage reads of the stages that have a record. */
function outputsReadBy({ inputs }: Stage, records: ReadonlyMap<string, ActionRecord>): readonly Read[] {
  return Object.values(inputs).flatMap((source) => {
    if (source.kind === 'file') return [];
    const producers = source.kind === 'output' ? [source.stage] : Object.values(source.stages);
    return producers.flatMap((from) => {
      const artifact = records.get(from)?.outputs[source.output];
      return artifact === undefined ? [] : [{ from, artifact }];
    });
  });
}

/** What the input files of a stage are, by absolute path. */
async function filesOf(
  { stage, action }: PlannedStage,
  present: FileInputs,
): Promise<ReadonlyMap<string, StoredArtifact>> {
  const files = new Map<string, StoredArtifact>();
  for (const [name, source] of Object.entries(stage.inputs)) {
    // Of a folder without some of its files nothing is on record: its path would stand for all of them.
    if (source.kind !== 'file' || source.exclude !== undefined) continue;
    // A stage that comes after one of the bundle's has no action yet.
    const known = action && Object.hasOwn(action.inputs, name) ? action.inputs[name]!.artifact : undefined;
    files.set(source.path, known ?? (await present.artifact(source.path)));
  }
  return files;
}
