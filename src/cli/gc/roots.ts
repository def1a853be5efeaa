import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Roots } from '../../cache/garbage/find-garbage.ts';
import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import { latestKeys } from '../../cache/records/latest.ts';
import { allRecordedFiles } from '../../cache/records/recorded-files.ts';
import { type Digest, isDigest } from '../../files/digest.ts';
import { orAbsent } from '../../files/system-problem.ts';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { taggedRuns } from '../../runner/events/run-tags.ts';
import type { StoredRun } from '../../runner/events/stored-run.ts';
import { rememberedInputs } from '../../runner/plan/file-inputs.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import type { Workspace } from '../../runner/workspace.ts';
import { openPipeline } from '../open/open-pipeline.ts';
import { lockHolders, mayBeAtWork } from '../status/at-work.ts';

/** A run that has not ended may be at work as long as it has said something within this. */
const SILENT_MS = 24 * 60 * 60 * 1000;
/** A run's folder is made a moment after the time that it has. */
const SLACK_MS = 60_000;

export interface Kept {
  /** How many of the newest runs stay. */
  readonly runs: number;
  /** And all that are younger than this, in milliseconds. */
  readonly age: number;
  /** And what these pipeline files need as they are now. */
  readonly files: readonly string[];
}

/** What stays of an artifacts folder. */
export interface KeptRuns extends Roots {
  /** Ids of the runs that stay, with their reason. */
  readonly runs: ReadonlyMap<string, string>;
  /** Ids of the others, the oldest first. */
  readonly others: readonly string[];
  /** When a run last used an action. */
  readonly lastUsed: ReadonlyMap<Digest, number>;
}

/** Decides which runs and actions of an artifacts folder stay. Throws a UserError for a pipeline file that is wrong. */
export async function keptRuns(workspace: Workspace, artifacts: string, kept: Kept): Promise<KeptRuns> {
  const { cacheDirectory, locksDirectory, runsDirectory } = workspace;
  const holders = await lockHolders(locksDirectory);
  const reasonOf = whyKept(kept, await taggedRuns(artifacts));
  const actions = new Set<Digest>([...holders.keys()].filter(isDigest));
  const runs = new Map<string, string>();
  const others: string[] = [];
  const lastUsed = new Map<Digest, number>();
  const atWork: number[] = [];
  const use = async (run: StoredRun, started: number, isKept: boolean) => {
    for (const action of await actionsOf(run, cacheDirectory)) {
      if (!lastUsed.has(action)) lastUsed.set(action, started);
      if (isKept) actions.add(action);
    }
  };
  for (const [index, id] of (await listRuns(runsDirectory)).entries()) {
    const run = await readRun(runsDirectory, id);
    // The folder of a run that begins in this moment has nothing in it yet.
    const started = run ? Date.parse(run.about.started) : await lastChange(join(runsDirectory, id));
    const isAtWork = run ? mayBeAtWork(run, holders, SILENT_MS) : Date.now() - started < SILENT_MS;
    if (isAtWork) atWork.push(started - SLACK_MS);
    const reason = isAtWork ? 'may be at work' : run && reasonOf(index, id, started);
    if (run !== undefined) await use(run, started, reason !== undefined);
    if (reason === undefined) others.unshift(id);
    else runs.set(id, reason);
  }
  // Somebody is at work whose run cannot be read.
  if (holders.size > 0 && atWork.length === 0) atWork.push(Date.now() - SILENT_MS);
  for (const file of kept.files)
    for (const action of await actionsOfFile(file, artifacts)) actions.add(action);
  return {
    actions,
    recordedSince: Date.now() - kept.age,
    artifacts: await storedInputs(cacheDirectory),
    since: Math.min(...atWork),
    runs,
    others,
    lastUsed,
  };
}

/** Why a run that has ended stays; undefined if it does not. */
function whyKept({ runs, age }: Kept, tags: ReadonlyMap<string, readonly string[]>) {
  const now = Date.now();
  return (index: number, id: string, started: number): string | undefined => {
    const names = tags.get(id);
    if (names !== undefined) return `is tagged ${names.join(', ')}`;
    if (index < runs) return `is one of the last ${runs}`;
    return now - started < age ? 'is young' : undefined;
  };
}

async function lastChange(folder: string): Promise<number> {
  return (await orAbsent(stat(folder)))?.mtimeMs ?? 0;
}

/** Input files that are known, and may be in the store. */
export async function storedInputs(cacheDirectory: string): Promise<readonly StoredArtifact[]> {
  return [...(await rememberedInputs(cacheDirectory)), ...(await allRecordedFiles(cacheDirectory))];
}

/** The actions whose results a run made or used. Events of earlier versions do not name them: what the stages were last. */
export async function actionsOf(
  { about, events }: StoredRun,
  cacheDirectory: string,
): Promise<readonly Digest[]> {
  const named = events.flatMap((event) => {
    const { action } = event as { readonly action?: unknown };
    return isDigest(action) ? [action] : [];
  });
  if (named.length > 0) return [...new Set(named)];
  return (await latestKeys(cacheDirectory, about.pipeline)).map(({ key }) => key);
}

/** The actions of a pipeline as it is now, as far as they are known before it runs. */
async function actionsOfFile(file: string, artifacts: string): Promise<readonly Digest[]> {
  const pipeline = await openPipeline(file, { set: [] });
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: true,
    onProblem: () => {},
  });
  return stages.flatMap(({ action, record }) => [
    ...(action === undefined ? [] : [action.key]),
    ...(record === undefined ? [] : [record.key]),
  ]);
}
