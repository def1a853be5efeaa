import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { Sources } from '../../pipeline/yaml/sources.ts';
import { stageTypes } from '../../stages/index.ts';
import { buildId } from '../build-id.ts';
import { UserError } from '../user-error.ts';
import { PipelineMemo } from './pipeline-memo.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { projectRoot } from './project-root.ts';

/** Reads and checks a pipeline with the built-in stage types and its own ones. Throws PipelineError with everything that is wrong. */
export async function openPipeline(
  file: string,
  { set, frozen, artifacts }: Pick<PipelineOptions, 'set' | 'frozen' | 'artifacts'>,
  sources = new Sources(),
): Promise<Pipeline> {
  const { loadFile } = await import('./load-file.ts');
  return await loadFile(file, {
    overrides: set,
    absentInputs: frozen ?? false,
    stageTypes,
    sources,
    cacheDirectory: join(artifactsDirectory(file, { artifacts }), 'cache'),
  });
}

/** `openPipeline` for a run or a plan, which remembers the pipeline under its artifacts. */
export async function openRememberedPipeline(
  file: string,
  options: PipelineOptions,
  artifacts: string,
): Promise<Pipeline> {
  const memo = memoOf(file, options, artifacts);
  const known = memo?.recall();
  if (known) return known;
  const sources = new Sources();
  const pipeline = await openPipeline(file, options, sources);
  await memo?.remember(pipeline, sources);
  return pipeline;
}

/** A pipeline that an earlier run or plan has remembered, if nothing that it was made of has changed. */
export function recalledPipeline(
  file: string,
  options: Pick<PipelineOptions, 'set' | 'frozen'>,
  artifacts: string,
): Pipeline | undefined {
  return memoOf(file, options, artifacts)?.recall();
}

function memoOf(
  file: string,
  { set, frozen }: Pick<PipelineOptions, 'set' | 'frozen'>,
  artifacts: string,
): PipelineMemo | undefined {
  if (buildId === undefined) return undefined;
  const question = { file, overrides: set, absentInputs: frozen ?? false, build: buildId };
  return new PipelineMemo(join(artifacts, 'cache'), stageTypes, question);
}

/** The folder that everything is written to: as given, else `artifacts` in the project of the pipeline or of the current folder. */
export function artifactsDirectory(
  file: string | undefined,
  { artifacts }: { readonly artifacts?: string | undefined },
): string {
  if (artifacts !== undefined) return resolve(artifacts);
  return join(projectRoot(file === undefined ? process.cwd() : dirname(resolve(file))), 'artifacts');
}

/** `artifactsDirectory` for verbs that look after what is there. Throws a UserError where nothing is. */
export function existingArtifacts(...where: Parameters<typeof artifactsDirectory>): string {
  const artifacts = artifactsDirectory(...where);
  if (existsSync(artifacts)) return artifacts;
  throw new UserError(`there is no folder ${artifacts}`, 'name another with --artifacts');
}
