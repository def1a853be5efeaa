import type { Command } from 'commander';
import {
  addArtifactsOption,
  addFrozenOption,
  addSetOption,
  pipelineFile,
  stageNames,
} from '../open/pipeline-options.ts';
import { addRemoteOption } from '../remote/remote-options.ts';
import type { BundleVerbOptions } from './bundle-options.ts';

const EXAMPLES = `
Examples:
  pipe bundle pipelines/quickstart.yaml --for judge judge.bundle
  pipe bundle pipelines/quickstart.yaml --for judge,report ci.bundle

In another checkout, such as that of a CI job, \`pipe unbundle judge.bundle\` adds it to the cache, and
\`pipe run FILE --only judge --frozen\` judges there and never trains.

A bundle is a tar file: the records of all stages before these, and what these read. Equal results give equal bytes.`;

/** `pipe bundle`: packs what another machine needs to run some stages alone. */
export function bundleCommand(program: Command): void {
  addRemoteOption(addFrozenOption(addArtifactsOption(addSetOption(program.command('bundle')))))
    .description('pack what some stages need, so that they can run alone elsewhere')
    .argument('<file>', 'pipeline file', pipelineFile)
    .argument('<bundle>', 'file to write')
    .requiredOption(
      '--for <stage>',
      'a stage that is to run elsewhere; may be repeated, or name several',
      stageNames,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, bundle: string, options: BundleVerbOptions) => {
      const { makeBundle } = await import('./make-bundle.ts');
      await makeBundle(file, bundle, options);
    });
}
