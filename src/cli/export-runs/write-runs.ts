import { openWorkspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { artifactsDirectory } from '../open/open-pipeline.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { UserError } from '../user-error.ts';
import type { ExportOptions } from './export-options.ts';
import { sendToMlflow } from './mlflow.ts';
import { readTrackedRuns } from './read-tracked-runs.ts';
import { writeCsv, writeJson } from './tables.ts';
import { writeTensorBoard } from './tensorboard/event-file.ts';
import type { TrackedRun } from './tracked-run.ts';

/** Writes each run somewhere, and says where: a line for each file, or for each run of a server. */
type Tracker = (runs: readonly TrackedRun[], to: string) => Promise<readonly string[]>;

const trackers: { readonly [Format in ExportOptions['format']]: Tracker } = {
  tensorboard: writeTensorBoard,
  mlflow: sendToMlflow,
  csv: writeCsv,
  json: writeJson,
};

/** Exports the runs of these names, or all, and prints what was written. Throws a UserError for what a user can fix. */
export async function exportRuns(
  names: readonly string[],
  { format, to, artifacts }: ExportOptions,
): Promise<void> {
  const isAddress = /^https?:\/\//i.test(to);
  if (isAddress !== (format === 'mlflow')) {
    throw new UserError(
      format === 'mlflow' ? `${to} is no address` : `${format} is written into a folder, not to an address`,
      format === 'mlflow' ? 'such as --to http://127.0.0.1:5000' : `such as --to ${format}`,
    );
  }
  const folder = artifactsDirectory(undefined, artifacts === undefined ? {} : { artifacts });
  const workspace = openWorkspace(folder, tellCacheProblem);
  const warn = (message: string) => show(process.stderr, `warning: ${message}`);
  const runs = await readTrackedRuns(names, workspace, warn);
  if (runs.length === 0)
    throw new UserError(`there are no runs in ${workspace.runsDirectory}`, 'pipe run FILE');
  for (const line of await trackers[format](runs, to)) show(process.stdout, line);
}
