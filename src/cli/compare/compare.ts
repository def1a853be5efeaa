import { type Command, InvalidArgumentError, Option } from 'commander';
import { addArtifactsOption, addFrozenOption, addSetOption } from '../open/pipeline-options.ts';
import { addRemoteOption } from '../remote/remote-options.ts';
import type { CompareVerbOptions } from './compare-options.ts';
import { FORMATS } from './format-names.ts';

const EXAMPLES = `
Examples:
  pipe compare pipelines/sweep.yaml                        the variants of a file
  pipe compare pipelines/sweep.yaml --sweep epochs=1,2,3   of parameters that are swept here
  pipe compare 20260101-120000-ab12 20260102-120000-cd34   two runs (pipe runs lists them)
  pipe compare main HEAD --format markdown                 the last runs of two commits, for a pull request
  pipe compare baseline.json last --fail-if-worse --by 2   for CI: was this run worse than the scores in a file?
  pipe compare FILE --baseline epochs=1 --metric train.validation_loss

A difference is called one only where its 95 % interval and its test agree (docs/statistics.md).`;

/** `pipe compare`: which variant, run or commit was better, and how sure that is. */
export function compareCommand(program: Command): void {
  addRemoteOption(addFrozenOption(addArtifactsOption(addSetOption(program.command('compare')))))
    .description('lay variants, runs or commits beside each other: which was better, and how sure')
    .argument(
      '<what...>',
      'pipeline files (all their variants), runs (`last` is the newest), git revisions (their last finished run), or files of scores',
    )
    .option(
      '--metric <stage.metric>',
      'what decides (default: the last metric of the pipeline that has items)',
    )
    .option('--baseline <name>', 'compare each with this one instead of with the best')
    .option(
      '--fail-if-worse',
      'exit code 1 where one is shown to be worse than the baseline (default: the first)',
    )
    .option('--by <difference>', 'with --fail-if-worse: only where it is worse by more than this', difference)
    .option(
      '--error-rate <share>',
      'with --fail-if-worse: only where the p value is below this (default: 0.05)',
      errorRate,
    )
    .addOption(new Option('--format <format>', 'how to print it').choices(FORMATS).default('table'))
    .option('--json', 'the same as --format json (schemas/comparison.schema.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (what: readonly string[], options: CompareVerbOptions) => {
      const { showComparison } = await import('./show-comparison.ts');
      process.exitCode = await showComparison(what, options);
    });
}

function errorRate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 0.05))
    throw new InvalidArgumentError('It must be a number above 0, up to 0.05.');
  return value;
}

function difference(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('It must be a number from 0.');
  return value;
}
