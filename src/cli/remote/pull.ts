import type { Command } from 'commander';
import { addArtifactsOption, addSetOption, pipelineFile, stageNames } from '../open/pipeline-options.ts';
import type { PullOptions } from './pull-inputs.ts';
import { addRemoteOption } from './remote-options.ts';

const EXAMPLES = `
Examples:
  pipe pull pipelines/quickstart.yaml --for generate --remote file:///mnt/cache   what it reads, to run it here without a connection
  pipe pull pipelines/quickstart.yaml --for judge,report --remote file:///mnt/cache

Records come by themselves wherever PIPE_REMOTE is set; this brings the files as well.`;

/** `pipe pull`: brings what stages read from the remote cache. */
export function pullCommand(program: Command): void {
  addRemoteOption(addArtifactsOption(addSetOption(program.command('pull'))))
    .description('bring what some stages read from the remote cache')
    .argument('<file>', 'pipeline file', pipelineFile)
    .requiredOption(
      '--for <stage>',
      'a stage that is to run here; may be repeated, or name several',
      stageNames,
    )
    .option('--json', 'print a JSON document (schemas/pull.schema.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: PullOptions) => {
      const { pull } = await import('./pull-inputs.ts');
      process.exitCode = await pull(file, options);
    });
}
