import type { Command } from 'commander';
import { addArtifactsOption, addSetOption, type PipelineOptions } from '../open/pipeline-options.ts';

const EXAMPLES = `
Examples:
  pipe open                              all pages of the artifacts folder
  pipe open pipelines/quickstart.yaml    the page of a pipeline, as its last run made it
  pipe open last                         the page of one run (pipe runs lists them)

The path is printed too, for a machine without a browser.`;

/** `pipe open`: shows a report in the browser. */
export function openCommand(program: Command): void {
  addArtifactsOption(addSetOption(program.command('open')))
    .description('open a report in the browser')
    .argument('[what]', 'pipeline file or run; without it the list of all reports')
    .addHelpText('after', EXAMPLES)
    .action(async (what: string | undefined, options: PipelineOptions) => {
      const { openPage } = await import('./open-page.ts');
      await openPage(what, options);
    });
}
