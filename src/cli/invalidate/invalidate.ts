import type { Command } from 'commander';
import { fileAndStages } from '../open/default-pipeline.ts';
import { addArtifactsOption, addSetOption, type PipelineOptions } from '../open/pipeline-options.ts';

const EXAMPLES = `
Examples:
  pipe invalidate pipelines/quickstart.yaml judge   the next run judges again
  pipe invalidate judge report                      the same for two stages, where there is only one pipeline
  pipe invalidate group:eval                        all stages of a group

The result stays until the stage has run again, for whoever uses it meanwhile. The mark is on what the stage does: in every
pipeline of the artifacts folder in which a stage does exactly the same, the next run does it again, once. Use
\`pipe run --force\` to run a stage again now.`;

/** `pipe invalidate`: the next run of stages runs them again. */
export function invalidateCommand(program: Command): void {
  addArtifactsOption(addSetOption(program.command('invalidate')))
    .description('have stages run again by the next run, although they are cached')
    .argument('<[file] stage...>', 'pipeline file, and the stages')
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], options: PipelineOptions) => {
      const { file, stages } = fileAndStages(names);
      const { invalidateStages } = await import('./invalidate-stages.ts');
      await invalidateStages(file, stages, options);
    });
}
