import { type Command, InvalidArgumentError } from 'commander';
import { addArtifactsOption, addSetOption, pipelineFile } from '../open/pipeline-options.ts';
import type { VerifyOptions } from './verify-artifacts.ts';

const EXAMPLES = `
Examples:
  pipe verify                                           read and hash everything that is stored
  pipe verify pipelines/quickstart.yaml --rebuild 100%  and run all its finished stages again: is the result the same?
  pipe verify pipelines/quickstart.yaml --rebuild 5%    a random sample of them; at least one

What is damaged is put aside, and made again when somebody needs it. A rebuilt stage changes nothing: its result is only compared.

Exit codes: 0 all is as it was stored, 1 something is damaged or came out differently.`;

/** `pipe verify`: whether what is stored is what was stored, and whether it would come out again. */
export function verifyCommand(program: Command): void {
  addSetOption(addArtifactsOption(program.command('verify')))
    .description('check everything that is stored, and a sample of results by running their stages again')
    .argument('[file]', 'pipeline file whose stages are run again', pipelineFile)
    .option('--rebuild <share>', 'run this share of the finished stages again: 5%, 100%', share)
    .option('--json', 'print a JSON document (schemas/verify.schema.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: VerifyOptions) => {
      const { verifyArtifacts } = await import('./verify-artifacts.ts');
      process.exitCode = await verifyArtifacts(file, options);
    });
}

function share(text: string): number {
  const percent = /^\d{1,3}(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  if (percent > 0 && percent <= 100) return percent / 100;
  throw new InvalidArgumentError('It must be a share such as 5%.');
}
