import { type Command, Option } from 'commander';
import { addArtifactsOption } from '../open/pipeline-options.ts';
import { type ExportOptions, TRACKERS } from './export-options.ts';

const EXAMPLES = `
Examples:
  pipe export-runs --format tensorboard --to logs             then: tensorboard --logdir logs
  pipe export-runs --format mlflow --to http://127.0.0.1:5000    a server of MLflow
  pipe export-runs last --format csv --to .                   runs.csv and metrics.csv of one run
  pipe export-runs --format json --to exported
  pipe export-runs last --format tensorboard --to logs --follow   beside a training

Each variant of a sweep is a run of its own. Run it again: what was exported is brought up to date.
A server that wants a login gets MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.`;

/** `pipe export-runs`: stored runs with parameters, metrics and curves, for other programs. */
export function exportRunsCommand(program: Command): void {
  addArtifactsOption(program.command('export-runs'))
    .description('write runs, their parameters, metrics and curves for TensorBoard, MLflow or a table')
    .argument('[run...]', 'ids of runs, ends of ids, or last (default: all; pipe runs lists them)')
    .addOption(new Option('--format <format>', 'for what').choices(TRACKERS).makeOptionMandatory())
    .requiredOption('--to <folder or address>', 'folder to write into, or address of the server of MLflow')
    .option('--follow', 'while a run works: every two seconds again, until it has ended')
    .addHelpText('after', EXAMPLES)
    .action(async (runs: readonly string[], options: ExportOptions) => {
      const { exportRuns } = await import('./write-runs.ts');
      await exportRuns(runs, options);
    });
}
