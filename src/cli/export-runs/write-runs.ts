import { setTimeout } from 'node:timers/promises';
import { openWorkspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { artifactsDirectory } from '../open/open-pipeline.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { remoteOf } from '../remote/open-remote.ts';
import { lockHolders, mayBeAtWork } from '../status/at-work.ts';
import { UserError } from '../user-error.ts';
import type { ExportOptions } from './export-options.ts';
import { sendToMlflow } from './mlflow.ts';
import { storedRuns, trackedRuns } from './read-tracked-runs.ts';
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

/** Between two exports of a run that is at work. */
const PAUSE_MS = 2000;
/** Between two stages a run holds no action, for less than this. */
const QUIET_MS = 10_000;

/**
 * Exports the runs of these names, or all, and prints what was written; with `follow` again and again until none of them is
 * at work. Throws a UserError for what a user can fix.
 */
export async function exportRuns(
  names: readonly string[],
  { format, to, artifacts, follow }: ExportOptions,
): Promise<void> {
  const isAddress = /^https?:\/\//i.test(to);
  if (isAddress !== (format === 'mlflow')) {
    throw new UserError(
      format === 'mlflow' ? `${to} is no address` : `${format} is written into a folder, not to an address`,
      format === 'mlflow' ? 'such as --to http://127.0.0.1:5000' : `such as --to ${format}`,
    );
  }
  const folder = artifactsDirectory(undefined, artifacts === undefined ? {} : { artifacts });
  const workspace = openWorkspace(folder, tellCacheProblem, await remoteOf(undefined, { upload: false }));
  const warn = once((message) => show(process.stderr, `warning: ${message}`));
  const tell = once((line) => show(process.stdout, line));
  for (let stored = await storedRuns(names, workspace, warn); ; ) {
    if (stored.length === 0)
      throw new UserError(`there are no runs in ${workspace.runsDirectory}`, 'pipe run FILE');
    const runs: TrackedRun[] = [];
    for (const run of stored) runs.push(...(await trackedRuns(run, workspace, warn)));
    for (const line of await trackers[format](runs, to)) tell(line);
    if (!follow) return;
    const holders = await lockHolders(workspace.locksDirectory);
    if (!stored.some((run) => mayBeAtWork(run, holders, QUIET_MS))) return;
    await setTimeout(PAUSE_MS);
    // `last` stays the run that it was.
    const ids = names.length === 0 ? [] : stored.map(({ about }) => about.run);
    stored = await storedRuns(ids, workspace, warn);
  }
}

/** Says each thing once, however often it is found. */
function once(say: (text: string) => void): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (!said.has(text)) say(text);
    said.add(text);
  };
}
