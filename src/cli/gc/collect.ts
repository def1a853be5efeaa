import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abandonedWork, removeWork } from '../../cache/garbage/abandoned-work.ts';
import { findGarbage, type Garbage } from '../../cache/garbage/find-garbage.ts';
import { removeOldMemos } from '../../cache/garbage/old-memos.ts';
import { type Removable, removeGarbage } from '../../cache/garbage/remove-garbage.ts';
import { recoverTrash } from '../../cache/garbage/trash.ts';
import { BlobStore } from '../../cache/objects/blob-store.ts';
import { ActionRecords } from '../../cache/records/action-records.ts';
import { acquireLock } from '../../files/lock.ts';
import { explained } from '../../files/system-problem.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import type { GcDocument } from '../json-shapes/gc.ts';
import { existingArtifacts } from '../open/open-pipeline.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import type { GcOptions } from './gc-options.ts';
import { gcLines } from './gc-text.ts';
import { keptRuns } from './roots.ts';

/**
 * Removes what an artifacts folder does not need, or says with `dryRun` what that is. Throws a CacheError if it cannot, and
 * a UserError where there is no such folder.
 */
export async function collect(files: readonly string[], options: GcOptions): Promise<void> {
  const artifacts = existingArtifacts(files[0], options);
  const workspace = openWorkspace(artifacts, tellCacheProblem);
  const { cacheDirectory, locksDirectory, workDirectory, runsDirectory, objects } = workspace;
  const cache: Removable = {
    ...{ cacheDirectory, locksDirectory, objects },
    records: new ActionRecords(cacheDirectory, tellCacheProblem),
    blobs: new BlobStore(cacheDirectory, tellCacheProblem),
  };
  const roots = () => keptRuns(workspace, artifacts, { ...options, files });
  const look = async () => {
    const kept = await roots();
    const garbage = await findGarbage(cache, kept, {
      lastUsed: (action) => kept.lastUsed.get(action),
      downTo: options.size,
    });
    return { kept, garbage, work: await abandonedWork(workDirectory, locksDirectory, kept.actions) };
  };
  const tell = ({ kept, garbage, work }: Awaited<ReturnType<typeof look>>) => {
    const document = documentOf(artifacts, options, garbage, kept.runs, kept.others, work);
    if (options.json) show(process.stdout, visibleJson(document, 2));
    else show(process.stdout, ...gcLines(document));
  };
  if (options.dryRun) return tell(await look());
  const lock = await acquireLock(join(cacheDirectory, 'garbage'), {
    run: 'gc',
    signal: new AbortController().signal,
    onWaiting: (holder) => show(process.stderr, `waiting for ${holder}`),
  });
  try {
    await recoverTrash(cacheDirectory);
    const found = await look();
    await removeGarbage(cache, found.garbage, roots);
    await removeWork(found.work, workDirectory, locksDirectory);
    if (found.kept.since === Number.POSITIVE_INFINITY) await removeOldMemos(cacheDirectory);
    // Last: until a run's results are gone, the run says whose they were.
    for (const run of found.kept.others)
      await explained('remove a run', () => rm(join(runsDirectory, run), { recursive: true, force: true }));
    tell(found);
  } finally {
    await lock.release();
  }
}

function documentOf(
  artifacts: string,
  { dryRun }: GcOptions,
  { actions, objects, storedBytes }: Garbage,
  kept: ReadonlyMap<string, string>,
  runs: readonly string[],
  work: readonly string[],
): GcDocument {
  const freed = objects.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    artifacts,
    dry_run: dryRun === true,
    actions: actions.map(({ record: { key, manifest }, lastUsed, bytes }) => ({
      action: key,
      uses: manifest.type,
      last_used: new Date(lastUsed).toISOString(),
      bytes,
    })),
    runs: [...runs],
    work: [...work],
    kept: [...kept].map(([run, reason]) => ({ run, reason })),
    objects: objects.length,
    bytes_before: storedBytes,
    bytes_after: storedBytes - freed,
  };
}
