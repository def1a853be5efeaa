import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { show } from '../../terminal/show.ts';
import { counted } from '../../terminal/units.ts';
import { addArtifactsOption, type PipelineOptions } from '../open/pipeline-options.ts';
import { UserError } from '../user-error.ts';

const EXAMPLES = `
Examples:
  pipe unbundle judge.bundle
  pipe unbundle judge.bundle --artifacts elsewhere

Digests, checksums and keys are verified first: a damaged bundle adds nothing. They find damage, not forgery, so unpack
bundles of people whom you trust.`;

/** `pipe unbundle`: adds what a bundle holds to the cache. */
export function unbundleCommand(program: Command): void {
  addArtifactsOption(program.command('unbundle'))
    .description('add what `pipe bundle` has packed to the cache')
    .argument('<bundle>', 'file that pipe bundle has written')
    .addHelpText('after', EXAMPLES)
    .action(async (bundle: string, options: Pick<PipelineOptions, 'artifacts'>) => {
      if (!existsSync(bundle)) throw new UserError(`there is no file ${bundle}`);
      const { addBundle } = await import('../../cache/bundle/add-bundle.ts');
      const { artifactsDirectory } = await import('../open/open-pipeline.ts');
      const { tellCacheProblem } = await import('../open/tell-cache-problem.ts');
      const { openWorkspace } = await import('../../runner/workspace.ts');
      const artifacts = artifactsDirectory(undefined, options);
      const added = await addBundle(bundle, openWorkspace(artifacts, tellCacheProblem));
      for (const stage of added.kept)
        show(process.stderr, `warning: the cache has another result of ${stage} than the bundle; it stays`);
      const { records, objects, pipeline } = added.bundle;
      const what = `${counted(records.length, 'record')} and ${counted(objects.size, 'object')}`;
      show(process.stdout, `Added ${what} of ${pipeline} to ${artifacts}`);
    });
}
