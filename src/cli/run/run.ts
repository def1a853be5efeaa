import { type Command, Option } from 'commander';
import { ENGINE_NAMES } from '../../contract/engine-name.ts';
import { REPORTER_NAMES } from '../../reporters/choose-reporter.ts';
import { onlyPipeline } from '../open/default-pipeline.ts';
import {
  addArtifactsOption,
  addJobsOption,
  addSetOption,
  addStagesOptions,
  pipelineFile,
} from '../open/pipeline-options.ts';
import { addRemoteOption } from '../remote/remote-options.ts';
import type { RunVerbOptions } from './run-options.ts';

const EXAMPLES = `
Examples:
  pipe run pipelines/quickstart.yaml
  pipe run pipelines/quickstart.yaml --set learning_rate=1e-4   only what depends on it runs again
  pipe run pipelines/quickstart.yaml --only judge               this stage, and what it needs
  pipe run pipelines/quickstart.yaml --only judge --frozen      this stage alone: never trains
  pipe run pipelines/quickstart.yaml --force train              run a stage although its result is cached
  pipe run pipelines/quickstart.yaml --json > events.ndjson     one event a line (schemas/run-event.schema.json)

Ctrl-C stops gracefully: stages write a checkpoint and the next run continues from there. A second one stops at once.`;

/** `pipe run`: brings every stage of a pipeline up to date. */
export function runCommand(program: Command): void {
  const command = program
    .command('run')
    .description('run what is not up to date in a pipeline')
    .argument('[file]', 'pipeline file; not needed where there is only one', pipelineFile);
  addRemoteOption(addWorkOptions(addStagesOptions(addArtifactsOption(addSetOption(command)))))
    .option('--no-upload', 'read from the remote cache, and write nothing to it')
    .option(
      '--frozen',
      'run only the stages that --only names; end before the start if anything else is stale',
    )
    .option('--offline', 'reuse cached results without re-checking files, URLs and models')
    .option('--no-preflight', 'do not check beforehand what the stages will need')
    .option('--keep-failed', 'keep the folders of attempts that fail, to run them by hand')
    .option('--detach', 'run in the background, in a session that no terminal ends (see pipe attach)')
    .option('-n, --dry-run', 'the same as pipe plan: show what would run, and start nothing')
    .option('--explain', 'say of each stage that runs why, to its origin (see pipe why)')
    .addOption(
      new Option('--reporter <name>', 'how the run is shown').choices(REPORTER_NAMES).default('auto'),
    )
    .option('--json', 'the same as --reporter json')
    .addHelpText('after', EXAMPLES)
    .action(async (given: string | undefined, options: RunVerbOptions) => {
      const file = given ?? onlyPipeline();
      if (options.dryRun) {
        const { showPlan } = await import('../plan/show-plan.ts');
        process.exitCode = await showPlan(file, options);
        return;
      }
      if (options.detach) {
        const { runDetached } = await import('./run-detached.ts');
        process.exitCode = await runDetached(file, options);
        return;
      }
      const { executeRun } = await import('./execute-run.ts');
      process.exitCode = await executeRun(file, options);
    });
}

/** Options of the verbs that run stages. */
export function addWorkOptions(command: Command): Command {
  return addJobsOption(command)
    .addOption(new Option('--engine <name>', 'what computes tensors').choices(['auto', ...ENGINE_NAMES]))
    .option('--samples', 'show the texts that a model generates while it is trained');
}
