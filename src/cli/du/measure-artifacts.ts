import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobStore } from '../../cache/objects/blob-store.ts';
import type { ActionRecord } from '../../cache/records/action-record.ts';
import { type Usage, usageOf } from '../../cache/usage.ts';
import type { Digest } from '../../files/digest.ts';
import { filesBelow } from '../../files/files-below.ts';
import { orAbsent } from '../../files/system-problem.ts';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { taggedRuns } from '../../runner/events/run-tags.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { actionsOf, storedInputs } from '../gc/roots.ts';
import type { DuDocument } from '../json-shapes/du.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';

/** All that pipe writes besides objects, by folder. */
const FOLDERS = {
  runs: 'events and logs of runs',
  work: 'unfinished work',
  'cache/actions': 'records of results',
  'cache/items': 'answers of judges',
  'cache/quarantine': 'damaged files, put aside',
  'cache/trash': 'garbage of a removal that was killed',
} as const;

/** Measures an artifacts folder, beside runs that may be at work. */
export async function measureArtifacts(artifacts: string): Promise<DuDocument> {
  const { cacheDirectory, runsDirectory, objects, records } = openWorkspace(artifacts, tellCacheProblem);
  const cache = { records, objects, blobs: new BlobStore(cacheDirectory, tellCacheProblem) };
  const inputs = await storedInputs(cacheDirectory);
  const tags = await taggedRuns(artifacts);

  const runsOf = new Map<Digest, string[]>();
  const pipelines = new Map<string, string>();
  for (const id of await listRuns(runsDirectory)) {
    const run = await readRun(runsDirectory, id);
    pipelines.set(id, run?.about.pipeline ?? '');
    for (const action of run ? await actionsOf(run, cacheDirectory) : [])
      runsOf.set(action, [...(runsOf.get(action) ?? []), id]);
  }
  const groupings = [
    ({ manifest }: ActionRecord) => [manifest.type],
    ({ key }: ActionRecord) => runsOf.get(key) ?? [],
  ] as const;
  const [byType, byRun] = await usageOf(cache, groupings, inputs);

  const runs: DuDocument['runs'][number][] = [];
  for (const [run, pipeline] of pipelines) {
    const usage = byRun.groups.get(run) ?? { results: 0, bytes: 0, ownBytes: 0 };
    const folder_bytes = await bytesBelow(join(runsDirectory, run));
    runs.push({ run, pipeline, tags: [...(tags.get(run) ?? [])], ...figures(usage), folder_bytes });
  }
  const folders: DuDocument['folders'][number][] = [];
  for (const [folder, holds] of Object.entries(FOLDERS))
    folders.push({ folder, holds, bytes: await bytesBelow(join(artifacts, folder)) });
  const bytes = await bytesBelow(artifacts);
  const known = byType.storedBytes + folders.reduce((sum, folder) => sum + folder.bytes, 0);
  folders.push({ folder: '', holds: 'what only saves work, and reports', bytes: Math.max(0, bytes - known) });
  return {
    artifacts,
    types: [...byType.groups]
      .map(([uses, usage]) => ({ uses, ...figures(usage) }))
      .sort((one, other) => other.bytes - one.bytes || (one.uses < other.uses ? -1 : 1)),
    runs,
    input_bytes: byType.artifactBytes,
    unused_bytes: byType.unusedBytes,
    object_bytes: byType.storedBytes,
    folders,
    bytes,
  };
}

function figures({ results, bytes, ownBytes }: Usage) {
  return { results, bytes, own_bytes: ownBytes };
}

/** Bytes of all files below a folder; what goes meanwhile has none. */
async function bytesBelow(folder: string): Promise<number> {
  let sum = 0;
  for (const file of await filesBelow(folder)) sum += (await orAbsent(lstat(file)))?.size ?? 0;
  return sum;
}
