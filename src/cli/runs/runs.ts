import { type Command, InvalidArgumentError } from 'commander';
import { addArtifactsOption, pipelineFile } from '../open/pipeline-options.ts';
import type { RunsVerbOptions } from './show-runs.ts';

const EXAMPLES = `
Examples:
  pipe runs                                  the last 20
  pipe runs pipelines/quickstart.yaml -n 5   those of one pipeline file
  pipe show last                             all of one run
  pipe diff ab12 last                        what is different`;

/** `pipe runs`: the stored runs with their parameters, scores and commits. */
export function runsCommand(program: Command): void {
  addArtifactsOption(program.command('runs'))
    .description('list runs: parameters, scores, commit')
    .argument('[file]', 'only runs of this pipeline file', pipelineFile)
    .option('-n, --number <count>', 'how many, the newest first', positive, 20)
    .option('--json', 'print a JSON document (schemas/runs.schema.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: RunsVerbOptions) => {
      const { showRuns } = await import('./show-runs.ts');
      await showRuns(file, options);
    });
}

function positive(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}
