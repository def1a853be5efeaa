import { type LoadOptions, loadPipeline } from '../../pipeline/load.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { packagePath } from '../package-path.ts';
import { validators } from '../validators.ts';

/** Reads and checks a pipeline. Throws PipelineError with everything that is wrong. */
export async function loadFile(
  file: string,
  options: Omit<LoadOptions, 'validators' | 'packageConfigs'>,
): Promise<Pipeline> {
  return await loadPipeline(file, { ...options, validators, packageConfigs: packagePath('configs') });
}
