import type { StoredArtifact } from '../cache/object-store.ts';
import { nameHint } from '../pipeline/did-you-mean.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { type PlannedStage, planPipeline } from '../runner/plan.ts';
import { openWorkspace, type Workspace } from '../runner/workspace.ts';
import { artifactsDirectory, openPipeline } from './open-pipeline.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { tellCacheProblem } from './tell-cache-problem.ts';
import { UserError } from './user-error.ts';

export interface FoundOutput {
  readonly artifact: StoredArtifact;
  readonly objects: Workspace['objects'];
}

/**
 * The output `STAGE.OUTPUT` of a pipeline as it is declared now, from the cache. Throws a UserError where there is no
 * such output, or where it has not been made yet.
 */
export async function findOutput(file: string, name: string, options: PipelineOptions): Promise<FoundOutput> {
  const pipeline = await openPipeline(file, options);
  const directory = artifactsDirectory(file, options);
  const { stage, output } = parseName(name, pipeline);
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory: directory,
    environment: process.env,
    offline: true,
    only: [stage],
    onProblem: tellCacheProblem,
  });
  const planned = stages.find((candidate) => candidate.stage.id === stage)!;
  const artifact = planned.record?.outputs[output];
  if (planned.record === undefined || artifact === undefined) throw notMade(file, planned);

  const { objects } = openWorkspace(directory, tellCacheProblem);
  const { restoreInline } = await import('../cache/inline-outputs.ts');
  await restoreInline(planned.record, objects);
  if (!(await objects.contains(artifact))) {
    throw new UserError(
      `${name} was made, but its bytes are not in the cache`,
      remake(file, planned, '--force'),
    );
  }
  return { artifact, objects };
}

/** A stage's id may hold dots (`train[learning_rate=0.1]`), the name of an output does not. */
function parseName(name: string, pipeline: Pipeline): { readonly stage: string; readonly output: string } {
  const known = pipeline.stages.flatMap(({ id, outputs }) =>
    Object.keys(outputs).map((output) => `${id}.${output}`),
  );
  if (!known.includes(name)) {
    throw new UserError(
      `there is no output "${name}" in ${pipeline.name}`,
      nameHint(name, known, 'its outputs are'),
    );
  }
  const dot = name.lastIndexOf('.');
  return { stage: name.slice(0, dot), output: name.slice(dot + 1) };
}

function notMade(file: string, planned: PlannedStage): UserError {
  const { stage, reason } = planned;
  return new UserError(
    `stage ${stage.id} is not up to date: ${reason.message}`,
    remake(file, planned, '--only'),
  );
}

function remake(file: string, { stage }: PlannedStage, option: string): string {
  return `run it with: pipe run ${file} ${option} '${stage.id}' (with the same --set options)`;
}
