import type { Command } from 'commander';
import { onlyPipeline } from '../open/default-pipeline.ts';
import {
  addArtifactsOption,
  addJobsOption,
  addSetOption,
  addStagesOptions,
  pipelineFile,
} from '../open/pipeline-options.ts';
import { addRemoteOption } from '../remote/remote-options.ts';
import type { PlanVerbOptions } from './show-plan.ts';

const EXAMPLES = `
Examples:
  pipe plan pipelines/quickstart.yaml
  pipe plan pipelines/quickstart.yaml --set learning_rate=1e-4    what that change would cost
  pipe plan pipelines/quickstart.yaml --force train               what it would cost to train again
  pipe plan pipelines/quickstart.yaml --json                      for programs (schemas/plan.schema.json)`;

/** `pipe plan`: what would run, and the reason for each stage; starts nothing. */
export function planCommand(program: Command): void {
  addRemoteOption(addJobsOption(addStagesOptions(addArtifactsOption(addSetOption(program.command('plan'))))))
    .description('show what would run, and why')
    .argument('[file]', 'pipeline file; not needed where there is only one', pipelineFile)
    .option('--frozen', 'mark what would keep `pipe run --frozen` from starting; exit code 1 if there is any')
    .option('--offline', 'do not ask whether the world has changed')
    .option('--json', 'print a JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: PlanVerbOptions) => {
      const { showPlan } = await import('./show-plan.ts');
      process.exitCode = await showPlan(file ?? onlyPipeline(), options);
    });
}
