import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import { listNames } from '../../pipeline/diagnostics/did-you-mean.ts';
import { variantHint } from '../../pipeline/diagnostics/variant-hint.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { leftOutMessage, stagesNamed } from '../../pipeline/variant-name.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import type { PlannedStage } from '../../runner/plan/planned-stage.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { frozenOf, stageCommand } from '../open/stage-command.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { remoteOf } from '../remote/open-remote.ts';
import type { RemoteVerbOptions } from '../remote/remote-options.ts';
import { UserError } from '../user-error.ts';

export interface OutputOptions extends PipelineOptions, RemoteVerbOptions {}

export interface FoundOutput {
  readonly artifact: StoredArtifact;
  readonly objects: Workspace['objects'];
  /** What to do where it turns out to be damaged: a hit alone is not made again. */
  readonly remake: string;
}

/**
 * The output `STAGE.OUTPUT` of a pipeline as it is declared now, from the cache, or from the remote one. Throws a UserError if there is no
 * such output, or where it has not been made yet.
 */
export async function findOutput(file: string, name: string, options: OutputOptions): Promise<FoundOutput> {
  const pipeline = await openPipeline(file, options);
  const directory = artifactsDirectory(file, options);
  const { stage, output } = parseName(name, pipeline);
  const openRemote = await remoteOf(file, { ...options, upload: false });
  const plan = async (offline: boolean) => {
    const { stages } = await planPipeline(pipeline, {
      artifactsDirectory: directory,
      environment: process.env,
      offline,
      only: [stage],
      ...frozenOf(file, options),
      onProblem: tellCacheProblem,
      openRemote,
    });
    return stages.find((candidate) => candidate.stage.id === stage)!;
  };
  let planned = await plan(true);
  // What another machine has made of a changing world is found by how the world is now.
  if (planned.record === undefined && openRemote !== undefined) planned = await plan(false);
  const artifact = planned.record?.outputs[output];
  if (planned.record === undefined || artifact === undefined) throw notMade(file, planned, options);

  const { objects } = openWorkspace(directory, tellCacheProblem, openRemote);
  const { restoreInline } = await import('../../cache/records/inline-outputs.ts');
  await restoreInline(planned.record, objects);
  const again = remake(file, stage, '--force', options);
  if (!(await objects.contains(artifact))) {
    throw new UserError(`${name} was made, but its bytes are not in the cache`, again);
  }
  return { artifact, objects, remake: again };
}

/** The name of a stage may hold dots (`train[learning_rate=0.1]`), that of an output does not. */
function parseName(name: string, pipeline: Pipeline): { readonly stage: string; readonly output: string } {
  const dot = name.lastIndexOf('.');
  const [wanted, output] = [name.slice(0, Math.max(dot, 0)), name.slice(dot + 1)];
  const named = stagesNamed(pipeline, wanted);
  const found = named.filter(({ outputs }) => Object.hasOwn(outputs, output));
  if (found.length === 1) return { stage: found[0]!.id, output };
  if (found.length > 1) {
    const ids = found.map(({ id }) => `${id}.${output}`);
    throw new UserError(
      `"${name}" is the output of ${found.length} variants`,
      `name one of ${listNames(ids)}`,
    );
  }
  const leftOut = leftOutMessage(pipeline, wanted);
  if (leftOut !== undefined) throw new UserError(leftOut);
  const all = pipeline.stages.flatMap(({ id, outputs }) =>
    Object.keys(outputs).map((output) => `${id}.${output}`),
  );
  // The hint cuts a long list, so those of the stage that was named come first.
  const own = named.flatMap(({ id, outputs }) => Object.keys(outputs).map((output) => `${id}.${output}`));
  throw new UserError(
    `there is no output "${name}" in ${pipeline.name}`,
    variantHint(name, new Set([...own, ...all]), 'its outputs are'),
  );
}

function notMade(file: string, planned: PlannedStage, options: PipelineOptions): UserError {
  const { stage, reason } = planned;
  return new UserError(
    `stage ${stage.id} is not up to date: ${reason.message}`,
    remake(file, stage.id, '--only', options),
  );
}

function remake(file: string, stage: string, option: '--only' | '--force', options: PipelineOptions): string {
  return `run it with: ${stageCommand(file, option, stage, options)}`;
}
