import type { Command } from 'commander';
import { Sources } from '../../pipeline/yaml/sources.ts';
import { show } from '../../terminal/show.ts';
import { counted } from '../../terminal/units.ts';
import { onlyPipeline } from '../open/default-pipeline.ts';
import { addSetOption, type PipelineOptions, pipelineFile } from '../open/pipeline-options.ts';

const EXAMPLES = `
Examples:
  pipe validate pipelines/*.yaml
  pipe validate pipelines/quickstart.yaml --set epochs=3`;

/** `pipe validate`: everything that is wrong with pipeline files, with the place of each. */
export function validateCommand(program: Command): void {
  addSetOption(program.command('validate'))
    .description('check pipeline files and show everything that is wrong with them')
    .argument(
      '[file...]',
      'pipeline files; not needed where there is only one',
      (file, before: readonly string[] = []) => [...before, pipelineFile(file)],
    )
    .addHelpText('after', EXAMPLES)
    .action(async (given: readonly string[] | undefined, options: PipelineOptions) => {
      const { openPipeline } = await import('../open/open-pipeline.ts');
      const { checkFileInputs } = await import('./check-file-inputs.ts');
      const { warnOfUndeclaredFiles } = await import('./undeclared-files.ts');
      const { leftOutLines } = await import('../plan/plan-lines.ts');
      const { showError } = await import('../show-error.ts');
      const files = given?.length ? given : [onlyPipeline()];
      for (const file of files) {
        try {
          const sources = new Sources();
          const pipeline = await openPipeline(file, options, sources);
          await checkFileInputs(pipeline, sources);
          await warnOfUndeclaredFiles(pipeline);
          const stages = counted(pipeline.stages.length, 'stage');
          const lines = [`${file}: ${pipeline.name} is valid, ${stages}`, ...leftOutLines(pipeline.leftOut)];
          show(process.stdout, lines.join('\n'));
        } catch (error) {
          process.exitCode = await showError(error);
        }
      }
    });
}
