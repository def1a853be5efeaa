import type { Command } from 'commander';
import { addArtifactsOption } from '../open/pipeline-options.ts';
import type { TagOptions } from './change-tags.ts';

const EXAMPLES = `
Examples:
  pipe tag best last     the newest run is called best from now on, and pipe gc keeps it
  pipe show best         wherever a run is named, its tag may stand
  pipe tag               list all tags
  pipe tag --delete best`;

/** `pipe tag`: names for runs, which stay as long as they have one. */
export function tagCommand(program: Command): void {
  addArtifactsOption(program.command('tag'))
    .description('give a run a name, by which it is kept')
    .argument('[name]', 'letters, digits, `_`, `-` and `.`')
    .argument('[run]', 'id of a run, the end of one, another tag, or last', 'last')
    .option('--delete', 'remove the tag; the run stays as long as pipe gc finds another reason')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, run: string, options: TagOptions) => {
      const { changeTags } = await import('./change-tags.ts');
      await changeTags(name, run, options);
    });
}
