import type { Command } from 'commander';
import { addArtifactsOption, type PipelineOptions } from '../open/pipeline-options.ts';

type Options = Pick<PipelineOptions, 'artifacts'> & { readonly json?: true };

const EXAMPLES = `
Examples:
  pipe show last             parameters, metrics, commit and stages of the newest run
  pipe show ab12             a run by the end of its id (pipe runs lists them)
  pipe show last --json      for programs (schemas/run.schema.json)`;

/** `pipe show`: all that is stored of one run. */
export function showCommand(program: Command): void {
  addArtifactsOption(program.command('show'))
    .description('show a run: parameters, metrics, commit, stages')
    .argument('<run>', 'id of the run, the end of it, or `last`')
    .option('--json', 'print a JSON document (schemas/run.schema.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (run: string, options: Options) => {
      const { showRun } = await import('./show-run.ts');
      await showRun(run, options);
    });
}
