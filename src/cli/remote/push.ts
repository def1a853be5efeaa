import type { Command } from 'commander';
import { addArtifactsOption, addSetOption, pipelineFile } from '../open/pipeline-options.ts';
import type { TransferOptions } from './open-transfer.ts';
import { addRemoteOption } from './remote-options.ts';

const EXAMPLES = `
Examples:
  pipe push pipelines/quickstart.yaml --remote file:///mnt/cache   the same for https://HOST/PATH and s3://BUCKET/PREFIX

Only what is up to date is uploaded, signed with this user's key (\`pipe trust create\`). What is there already stays.`;

/** `pipe push`: uploads the results of a pipeline. */
export function pushCommand(program: Command): void {
  addRemoteOption(addArtifactsOption(addSetOption(program.command('push'))))
    .description('upload the results of a pipeline to the remote cache')
    .argument('<file>', 'pipeline file', pipelineFile)
    .option('--json', 'print a JSON document (schemas/push.schema.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: TransferOptions) => {
      const { push } = await import('./push-results.ts');
      process.exitCode = await push(file, options);
    });
}
