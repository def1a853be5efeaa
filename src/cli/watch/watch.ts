import type { Command } from 'commander';
import { onlyPipeline } from '../open/default-pipeline.ts';
import {
  addArtifactsOption,
  addSetOption,
  addStagesOptions,
  pipelineFile,
} from '../open/pipeline-options.ts';
import { addWorkOptions } from '../run/run.ts';
import type { WatchOptions } from './watch-pipeline.ts';

const EXAMPLES = `
Examples:
  pipe watch pipelines/quickstart.yaml                run it, and again whenever a file of it changes
  pipe watch pipelines/quickstart.yaml --only judge   only this stage, and what it needs

The files are the pipeline, those that it extends, its configs, the inputs of its stages, scripts too, and the code of own
stages. A change while it runs waits until the run has ended. Ctrl-C ends it.`;

/** `pipe watch`: runs a pipeline again when a file of it changes. */
export function watchCommand(program: Command): void {
  const command = program
    .command('watch')
    .description('run a pipeline, and again whenever a file of it changes')
    .argument('[file]', 'pipeline file; not needed where there is only one', pipelineFile);
  addWorkOptions(addStagesOptions(addArtifactsOption(addSetOption(command))))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: WatchOptions) => {
      const { watchPipeline } = await import('./watch-pipeline.ts');
      process.exitCode = await watchPipeline(file ?? onlyPipeline(), options);
    });
}
