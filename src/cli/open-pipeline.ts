import { dirname, join, resolve } from 'node:path';
import { loadPipeline } from '../pipeline/load.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { stageTypes } from '../stages/index.ts';
import { packagePath } from './package-path.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { projectRoot } from './project-root.ts';
import { validators } from './validators.ts';

/** Reads and checks a pipeline with the built-in stage types. Throws PipelineError with everything that is wrong. */
export async function openPipeline(file: string, options: PipelineOptions): Promise<Pipeline> {
  return await loadPipeline(file, {
    overrides: options.set,
    stageTypes,
    validators,
    packageConfigs: packagePath('configs'),
  });
}

/** The folder that everything is written to: as given, else `artifacts` in the pipeline's project. */
export function artifactsDirectory(file: string, { artifacts }: Pick<PipelineOptions, 'artifacts'>): string {
  return artifacts === undefined
    ? join(projectRoot(dirname(resolve(file))), 'artifacts')
    : resolve(artifacts);
}
