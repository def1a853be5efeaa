import type { Command } from 'commander';
import { addArtifactsOption, addFrozenOption, addSetOption, pipelineFile } from '../open/pipeline-options.ts';
import { addRemoteOption } from '../remote/remote-options.ts';
import type { OutputOptions } from './find-output.ts';

const EXAMPLES = `
Examples:
  pipe cat pipelines/quickstart.yaml judge.summary
  pipe cat pipelines/quickstart.yaml train.history > history.csv
  pipe cat pipelines/quickstart.yaml train.model config.json    one file of an output that is a directory`;

/** `pipe cat`: writes the bytes of one output to standard output. */
export function catCommand(program: Command): void {
  addRemoteOption(addFrozenOption(addArtifactsOption(addSetOption(program.command('cat')))))
    .description('print an output of a stage')
    .argument('<file>', 'pipeline file', pipelineFile)
    .argument('<stage.output>', 'what to print')
    .argument('[path]', 'file in it, where the output is a directory')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, name: string, path: string | undefined, options: OutputOptions) => {
      const { findOutput } = await import('./find-output.ts');
      const { printOutput } = await import('./print-output.ts');
      await printOutput(await findOutput(file, name, options), name, path);
    });
}
