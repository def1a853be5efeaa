import { type Command, Option } from 'commander';
import { show } from '../../terminal/show.ts';
import { onlyPipeline } from '../open/default-pipeline.ts';
import { addSetOption, type PipelineOptions, pipelineFile } from '../open/pipeline-options.ts';
import { GRAPH_FORMATS, type GraphFormat } from './graph-formats.ts';

const EXAMPLES = `
Examples:
  pipe graph pipelines/quickstart.yaml
  pipe graph pipelines/quickstart.yaml --format mermaid    for Markdown on GitHub
  pipe graph pipelines/quickstart.yaml --format dot | dot -Tsvg > graph.svg`;

/** `pipe graph`: the stages of a pipeline and what flows between them. */
export function graphCommand(program: Command): void {
  addSetOption(program.command('graph'))
    .description('print the graph of a pipeline')
    .argument('[file]', 'pipeline file; not needed where there is only one', pipelineFile)
    .addOption(new Option('--format <format>', 'how to print it').choices(GRAPH_FORMATS).default('text'))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: PipelineOptions & { readonly format: GraphFormat }) => {
      const { openPipeline } = await import('../open/open-pipeline.ts');
      const { formatGraph } = await import('./graph-formats.ts');
      show(
        process.stdout,
        ...formatGraph(await openPipeline(file ?? onlyPipeline(), options), options.format),
      );
    });
}
