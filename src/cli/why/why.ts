import type { Command } from 'commander';
import { fileAndStages } from '../open/default-pipeline.ts';
import { addArtifactsOption, addSetOption } from '../open/pipeline-options.ts';
import type { WhyOptions } from './show-why.ts';

const EXAMPLES = `
Examples:
  pipe why pipelines/quickstart.yaml train      what would make it run, or which run made its result and why
  pipe why train                                the same, where there is only one pipeline
  pipe why train --set learning_rate=1e-4       what that change would do
  pipe why train --json                         for programs (schemas/why.schema.json)`;

/** `pipe why`: follows what makes a stage run to its origin. */
export function whyCommand(program: Command): void {
  addArtifactsOption(addSetOption(program.command('why')))
    .description('say why a stage runs, or ran, and follow that to its origin')
    .argument('<[file] stage...>', 'pipeline file, and the stages to explain')
    .option('--offline', 'do not ask whether the world has changed')
    .option('--json', 'print a JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], options: WhyOptions) => {
      const { file, stages } = fileAndStages(names);
      const { showWhy } = await import('./show-why.ts');
      await showWhy(file, stages, options);
    });
}
