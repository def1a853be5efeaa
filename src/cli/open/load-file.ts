import type { StageType } from '../../contract/stage-type.ts';
import { loadPipeline } from '../../pipeline/load.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Sources } from '../../pipeline/yaml/sources.ts';
import { packagePath } from '../package-path.ts';
import { validators } from '../validators.ts';

/** Reads and checks a pipeline. Throws PipelineError with everything that is wrong. */
export async function loadFile(
  file: string,
  overrides: readonly string[],
  stageTypes: ReadonlyMap<string, StageType>,
  sources: Sources,
): Promise<Pipeline> {
  const packageConfigs = packagePath('configs');
  return await loadPipeline(file, { overrides, stageTypes, validators, packageConfigs, sources });
}
