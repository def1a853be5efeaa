import { join } from 'node:path';
import { ActionRecords } from '../cache/action-records.ts';
import type { OnCacheProblem } from '../cache/cache-problem.ts';
import { ObjectStore } from '../cache/object-store.ts';

/** The folder `artifacts/`: everything that pipe writes, and what it is opened with. */
export interface Workspace {
  readonly cacheDirectory: string;
  /** Locks of actions, by key. */
  readonly locksDirectory: string;
  /** Directories of attempts, by key. */
  readonly workDirectory: string;
  readonly runsDirectory: string;
  readonly objects: ObjectStore;
  readonly records: ActionRecords;
}

export function openWorkspace(artifactsDirectory: string, onProblem: OnCacheProblem): Workspace {
  const cacheDirectory = join(artifactsDirectory, 'cache');
  return {
    cacheDirectory,
    locksDirectory: join(cacheDirectory, 'locks'),
    workDirectory: join(artifactsDirectory, 'work'),
    runsDirectory: join(artifactsDirectory, 'runs'),
    objects: new ObjectStore(cacheDirectory, onProblem),
    records: new ActionRecords(cacheDirectory, onProblem),
  };
}
