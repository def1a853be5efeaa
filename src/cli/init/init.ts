import type { Command } from 'commander';
import type { InitOptions } from './init-options.ts';

const EXAMPLES = `
Examples:
  pipe init                                     asks for data and model; on its own, a tiny model learns small questions
  pipe init first.yaml --yes                    the same without questions
  pipe init mine.yaml --data questions.csv      your own data, as it is: the mapping of its columns is found
  pipe init gpt2.yaml --data questions.csv --model gpt2-small

It writes a pipeline that runs at once and overwrites nothing.`;

/** `pipe init`: writes a first pipeline. */
export function initCommand(program: Command): void {
  program
    .command('init')
    .description('write a pipeline that trains and judges a model, on your own data or on small questions')
    .argument('[file]', 'pipeline file to write', 'pipeline.yaml')
    .option('--data <file>', 'questions and answers: JSON, JSON Lines, CSV or Parquet')
    .option('--encoding <label>', 'encoding of the data, if it is not UTF-8: windows-1252')
    .option(
      '--model <name>',
      'nano, smollm2-135m and so on, a folder, a GGUF file, or a repository of Hugging Face',
    )
    .option('-y, --yes', 'ask nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: InitOptions) => {
      const { startProject } = await import('./start-project.ts');
      process.exitCode = await startProject(file, options);
    });
}
