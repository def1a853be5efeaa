import type { Command } from 'commander';
import { addArtifactsOption, pipelineFile } from '../open/pipeline-options.ts';
import type { PinOptions } from './pin-pipeline.ts';

const EXAMPLES = `
Examples:
  pipe pin pipelines/quickstart.yaml

Stages that have not run yet are run first. Their results stay: nothing runs again because a file is pinned.`;

/** `pipe pin`: writes the digests of what was downloaded into the pipeline file. */
export function pinCommand(program: Command): void {
  addArtifactsOption(program.command('pin'))
    .description('write the digests of what was downloaded into a pipeline file')
    .argument('<file>', 'pipeline file', pipelineFile)
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: PinOptions) => {
      const { pinPipeline } = await import('./pin-pipeline.ts');
      process.exitCode = await pinPipeline(file, options);
    });
}
