import type { Command } from 'commander';
import { addArtifactsOption, type PipelineOptions } from '../open/pipeline-options.ts';

type Options = Pick<PipelineOptions, 'artifacts'> & { readonly json?: true };

const EXAMPLES = `
Examples:
  pipe diff ab12 last           which parameters, commits and stages differ
  pipe diff ab12 last --json    for programs (schemas/run-diff.schema.json)`;

/** `pipe diff`: what is different in a second run. */
export function diffCommand(program: Command): void {
  addArtifactsOption(program.command('diff'))
    .description('show what differs between two runs: parameters, commit, stages')
    .argument('<before>', 'id of a run, the end of it, or `last`')
    .argument('<after>', 'the same of another one')
    .option('--json', 'print a JSON document (schemas/run-diff.schema.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (before: string, after: string, options: Options) => {
      const { showDiff } = await import('./show-diff.ts');
      await showDiff([before, after], options);
    });
}
