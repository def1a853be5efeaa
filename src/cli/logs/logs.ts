import type { Command } from 'commander';
import {
  addArtifactsOption,
  addSetOption,
  type PipelineOptions,
  pipelineFile,
} from '../open/pipeline-options.ts';

const EXAMPLES = `
Examples:
  pipe logs pipelines/quickstart.yaml train        what the last attempt of a stage printed
  pipe logs pipelines/quickstart.yaml train -f     and what it prints from now on, until it ends
  pipe logs pipelines/quickstart.yaml train | grep -i loss

Of a stage that was not run again it is the log of the run that made its result.`;

/** `pipe logs`: what a stage printed. */
export function logsCommand(program: Command): void {
  addArtifactsOption(addSetOption(program.command('logs')))
    .description('print what a stage has printed')
    .argument('<file>', 'pipeline file', pipelineFile)
    .argument('<stage>', 'id of a stage, or its name if it has no variants')
    .option('-f, --follow', 'print what the stage prints until it ends; wait for it if it is still to come')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, stage: string, options: PipelineOptions & { readonly follow?: true }) => {
      const { printLogs } = await import('./print-logs.ts');
      await printLogs(file, stage, options);
    });
}
