import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { DESTINATION, explained } from '../../files/system-problem.ts';
import { addArtifactsOption, addFrozenOption, addSetOption, pipelineFile } from '../open/pipeline-options.ts';
import { addRemoteOption } from '../remote/remote-options.ts';
import { UserError } from '../user-error.ts';
import type { OutputOptions } from './find-output.ts';

const EXAMPLES = `
Examples:
  pipe get pipelines/quickstart.yaml train.model ./model          a folder that transformers loads
  pipe get pipelines/quickstart.yaml report.report report.html`;

/** `pipe get`: copies one output out of the cache. */
export function getCommand(program: Command): void {
  addRemoteOption(addFrozenOption(addArtifactsOption(addSetOption(program.command('get')))))
    .description('copy an output of a stage to a place of your own')
    .argument('<file>', 'pipeline file', pipelineFile)
    .argument('<stage.output>', 'what to copy')
    .argument('<destination>', 'file or folder to make; it must not exist')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, name: string, destination: string, options: OutputOptions) => {
      if (existsSync(destination))
        throw new UserError(`${destination} exists already`, 'give another place, or remove it');
      const { findOutput } = await import('./find-output.ts');
      const { artifact, objects, remake } = await findOutput(file, name, options);
      const copy = () => objects.materialize(artifact, resolve(destination));
      if (!(await explained(`write ${destination}`, copy, DESTINATION))) {
        throw new UserError(`${name} is damaged in the cache`, remake);
      }
    });
}
