import { type Command, Option } from 'commander';
import { REPORTER_NAMES } from '../../reporters/choose-reporter.ts';
import { addArtifactsOption } from '../open/pipeline-options.ts';
import type { AttachOptions } from './attach-options.ts';

const EXAMPLES = `
Examples:
  pipe attach                        watch what runs now
  pipe attach 20260101-120000-ab12   watch this run, or see again how it went
  pipe attach last --json            the events of the newest run, from the first on

Ctrl-C stops the watching, and not the run. The exit code is that of the run, or 130.`;

/** `pipe attach`: shows a run that is at work somewhere else as if it had been started here. */
export function attachCommand(program: Command): void {
  addArtifactsOption(program.command('attach'))
    .description('watch a run that was started elsewhere, or with --detach')
    .argument('[run]', 'id of a run, or the end of it; not needed where one run is at work')
    .option('--samples', 'show the texts that a model generates while it is trained')
    .addOption(
      new Option('--reporter <name>', 'how the run is shown').choices(REPORTER_NAMES).default('auto'),
    )
    .option('--json', 'the same as --reporter json')
    .addHelpText('after', EXAMPLES)
    .action(async (run: string | undefined, options: AttachOptions) => {
      const { attachRun } = await import('./attach-run.ts');
      process.exitCode = await attachRun(run, options);
    });
}
