import type { Command } from 'commander';
import { pipelineIfOnlyOne } from '../open/default-pipeline.ts';
import {
  addArtifactsOption,
  addSetOption,
  type PipelineOptions,
  pipelineFile,
} from '../open/pipeline-options.ts';

const EXAMPLES = `
Examples:
  pipe status                               the last runs, and how far what runs now is
  pipe status pipelines/quickstart.yaml     also which stages are cached and which are stale
  pipe status --json                        for programs (schemas/status.schema.json)`;

/** `pipe status`: the last runs, what runs at this moment, and which stages of a pipeline are up to date. */
export function statusCommand(program: Command): void {
  addArtifactsOption(addSetOption(program.command('status')))
    .description('show the last runs, what runs now, and which stages are up to date')
    .argument('[file]', 'pipeline file; not needed where there is only one', pipelineFile)
    .option('--json', 'print a JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (given: string | undefined, options: PipelineOptions & { readonly json?: true }) => {
      const { readStatus } = await import('./read-status.ts');
      const status = await readStatus(given ?? pipelineIfOnlyOne(), options);
      const { statusLines } = await import('./status-text.ts');
      const { paintFor } = await import('../../terminal/paint.ts');
      const { show, visibleJson } = await import('../../terminal/show.ts');
      const text = options.json
        ? visibleJson(status, 2)
        : statusLines(status, paintFor(process.stdout), Date.now()).join('\n');
      show(process.stdout, text);
    });
}
