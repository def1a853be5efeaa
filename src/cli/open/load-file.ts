import type { LoadOwnStage } from '../../contract/own-stage.ts';
import { ownStageType } from '../../own-stages/own-stage-type.ts';
import { type LoadOptions, loadPipeline } from '../../pipeline/load.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { packagePath } from '../package-path.ts';
import { validators } from '../validators.ts';

/** Reads and checks a pipeline. Throws PipelineError with everything that is wrong. */
export async function loadFile(
  file: string,
  {
    cacheDirectory,
    ...options
  }: Omit<LoadOptions, 'validators' | 'packageConfigs' | 'own'> & {
    /** Where what is known of own stages is kept. */
    readonly cacheDirectory: string;
  },
): Promise<Pipeline> {
  const load: LoadOwnStage = async (file) => {
    const { ownStageLoader } = await import('../../own-stages/load-own-stage.ts');
    return await ownStageLoader({ cacheDirectory, hostFile: packagePath('dist', 'stage-host.cjs') })(file);
  };
  return await loadPipeline(file, {
    ...options,
    own: { load, makeType: ownStageType },
    validators,
    packageConfigs: packagePath('configs'),
  });
}
