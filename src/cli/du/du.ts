import type { Command } from 'commander';
import { addArtifactsOption } from '../open/pipeline-options.ts';
import type { DuOptions } from './show-usage.ts';

const EXAMPLES = `
Examples:
  pipe du             which stage types take the space
  pipe du --runs      what each run needs, and what would go with it
  pipe du --json

Results that are equal are stored once: \`only here\` is what no other line has a part in. \`pipe gc\` removes what no run needs.`;

/** `pipe du`: what takes the space of an artifacts folder. */
export function duCommand(program: Command): void {
  addArtifactsOption(program.command('du'))
    .description('show what takes the space of the artifacts folder')
    .option('--runs', 'by run instead of by stage type')
    .option('--json', 'print a JSON document with both (schemas/du.schema.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (options: DuOptions) => {
      const { showUsage } = await import('./show-usage.ts');
      await showUsage(options);
    });
}
