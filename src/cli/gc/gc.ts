import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseBytes, parseDuration } from '../../pipeline/resolve/parse-units.ts';
import { addArtifactsOption, pipelineFile } from '../open/pipeline-options.ts';
import type { GcOptions } from './gc-options.ts';

const EXAMPLES = `
Examples:
  pipe gc --dry-run                              what would go, and why
  pipe gc                                        keep what the last 20 runs and those of the last week need
  pipe gc pipelines/alpaca.yaml --runs 1 --age 0s   keep only the last run, and what this file needs
  pipe gc --size 50GB                            remove no more than makes the cache that small

Runs that \`pipe tag\` has named stay. It may be used beside runs that are at work, and killed at any moment.`;

/** `pipe gc`: removes results that no run needs any more. */
export function gcCommand(program: Command): void {
  addArtifactsOption(program.command('gc'))
    .description('remove results, runs and unfinished work that nothing needs any more')
    .argument('[file...]', 'keep what these pipeline files need as they are now, too', collected)
    .option('--runs <count>', 'how many of the newest runs stay, with all that they need', count, 20)
    .addOption(
      new Option('--age <duration>', 'keep runs that are younger: 7d, 12h')
        .argParser(age)
        .default(parseDuration('7d'), '7d'),
    )
    .option('--size <bytes>', 'stop as soon as the cache is this small: 50GB', size)
    .option('--dry-run', 'remove nothing, and say what would go')
    .option('--json', 'print a JSON document (schemas/gc.schema.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (files: readonly string[], options: GcOptions) => {
      const { collect } = await import('./collect.ts');
      await collect(files, options);
    });
}

function collected(file: string, before: readonly string[] = []): readonly string[] {
  return [...before, pipelineFile(file)];
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && text.trim() !== '') return value;
  throw new InvalidArgumentError('It must be a whole number from 0.');
}

function age(text: string): number {
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return parseDuration(text);
  throw new InvalidArgumentError('It must be a duration such as 7d or 12h.');
}

function size(text: string): number {
  if (/^\d+(\.\d+)? ?(B|[kKMGT]B|[KMGT]iB)$/.test(text)) return parseBytes(text);
  throw new InvalidArgumentError('It must be a size such as 50GB or 200MB.');
}
