import { lstat, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { abandonedWork, removeWork } from '../cache/garbage/abandoned-work.ts';
import { removeOldMemos } from '../cache/garbage/old-memos.ts';
import { lastWritten, timeOfFiles } from '../cache/leftovers.ts';
import { isDigest } from '../files/digest.ts';
import { orAbsent } from '../files/system-problem.ts';
import { listRuns, readRun } from './events/run-store.ts';
import { taggedRuns } from './events/run-tags.ts';
import { endOf, lastHeardOf } from './events/stored-run.ts';
import type { Workspace } from './workspace.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Nobody goes on with work that has lain for so long. */
const OLD_MS = 30 * DAY_MS;
/** The newest runs stay, and those with a tag. */
const MOST_RUNS = 1000;

/**
 * Keeps an artifacts folder from growing without bound where nobody ever cleans up: removes the oldest folders of runs, and
 * unfinished work and memos that are a month old. Results go by `pipe gc` alone. Does nothing if it did within a day. Gives how
 * many runs went, and of how many actions the work. What cannot be removed stays: nothing depends on it.
 */
export async function tidyDaily(
  workspace: Workspace,
  artifacts: string,
): Promise<{ readonly runs: number; readonly work: number }> {
  const { cacheDirectory } = workspace;
  const stamp = join(cacheDirectory, 'tidied');
  try {
    const now = await timeOfFiles(cacheDirectory);
    const before = await orAbsent(lstat(stamp));
    if (now === undefined || (before && now - before.mtimeMs < DAY_MS)) return { runs: 0, work: 0 };
    await rm(stamp, { recursive: true, force: true }); // whatever it is
    await writeFile(stamp, '');
    await removeOldMemos(cacheDirectory);
    return { runs: await removeOldRuns(workspace, artifacts), work: await removeOldWork(workspace, now) };
  } catch {
    return { runs: 0, work: 0 };
  }
}

async function removeOldRuns({ runsDirectory }: Workspace, artifacts: string): Promise<number> {
  const tags = await taggedRuns(artifacts);
  const ids = (await listRuns(runsDirectory)).filter((id) => !tags.has(id));
  let removed = 0;
  for (const id of ids.slice(MOST_RUNS)) {
    const run = await readRun(runsDirectory, id);
    // One that has no end may be at work as long as it has said something lately.
    if (run && endOf(run) === undefined && Date.now() - lastHeardOf(run) < OLD_MS) continue;
    await rm(join(runsDirectory, id), { recursive: true, force: true });
    removed++;
  }
  return removed;
}

async function removeOldWork({ workDirectory, locksDirectory }: Workspace, now: number): Promise<number> {
  const young = new Set<string>();
  for (const action of ((await orAbsent(readdir(workDirectory))) ?? []).filter(isDigest)) {
    const attempts = (await orAbsent(readdir(join(workDirectory, action)))) ?? [];
    for (const attempt of attempts)
      if (now - (await lastWritten(join(workDirectory, action, attempt))) < OLD_MS) young.add(action);
  }
  const old = await abandonedWork(workDirectory, locksDirectory, young);
  await removeWork(old, workDirectory, locksDirectory);
  return old.length;
}
