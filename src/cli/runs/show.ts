import type { Command } from 'commander';
import { addArtifactsOption, type PipelineOptions } from '../open/pipeline-options.ts';

type Options = Pick<PipelineOptions, 'artifacts'> & { readonly json?: true };

/** `pipe show`: all that is stored of one run. */
export function showCommand(program: Command): void {
  addArtifactsOption(program.command('show'))
    .description('show a run: parameters, metrics, commit, stages')
    .argument('<run>', 'id of the run, the end of it, or `last`')
    .option('--json', 'print a JSON document (schemas/run.schema.json)')
    .action(async (run: string, options: Options) => {
      const { showRun } = await import('./show-run.ts');
      await showRun(run, options);
    });
}
