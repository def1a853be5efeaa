import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { OnCacheProblem } from '../cache/cache-problem.ts';
import { BlobStore } from '../cache/objects/blob-store.ts';
import { ObjectStore } from '../cache/objects/object-store.ts';
import { ActionRecords } from '../cache/records/action-records.ts';
import type { Records } from '../cache/records/records.ts';
import { RemoteBlobs } from '../cache/remote/remote-blobs.ts';
import type { RemoteCache } from '../cache/remote/remote-cache.ts';
import { brokenLink } from '../files/broken-link.ts';
import { errorCode, systemProblem } from '../files/system-problem.ts';

/** The folder `artifacts/`: everything that pipe writes, and what it is opened with. */
export interface Workspace {
  readonly cacheDirectory: string;
  /** Locks of actions, by key. */
  readonly locksDirectory: string;
  /** Directories of attempts, by key. */
  readonly workDirectory: string;
  readonly runsDirectory: string;
  /** Answers of judges, for every stage and run that asks the same. */
  readonly itemsDirectory: string;
  readonly objects: ObjectStore;
  readonly records: Records;
  /** Where results of others are; absent where none is named. */
  readonly remote?: RemoteCache;
}

/** Opens the remote cache of an artifacts folder; what is wrong with it is reported. */
export type OpenRemote = (cacheDirectory: string, onProblem: OnCacheProblem) => RemoteCache;

/** Where a link to a disk that is not mounted, or a file in the way, would otherwise pass for "nothing is stored". */
const FOLDERS = ['', 'cache', 'cache/objects', 'cache/actions', 'cache/locks', 'cache/tmp', 'work', 'runs'];

/**
 * Opens the folder and creates nothing. Throws a CacheError where one of its folders cannot be one, whatever is to be
 * done with it.
 */
export function openWorkspace(
  artifactsDirectory: string,
  onProblem: OnCacheProblem,
  openRemote?: OpenRemote,
): Workspace {
  for (const folder of FOLDERS) checkFolder(join(artifactsDirectory, folder));
  const cacheDirectory = join(artifactsDirectory, 'cache');
  const blobs = new BlobStore(cacheDirectory, onProblem);
  const remote = openRemote?.(cacheDirectory, onProblem);
  return {
    cacheDirectory,
    locksDirectory: join(cacheDirectory, 'locks'),
    workDirectory: join(artifactsDirectory, 'work'),
    runsDirectory: join(artifactsDirectory, 'runs'),
    itemsDirectory: join(cacheDirectory, 'items'),
    objects: new ObjectStore(remote ? new RemoteBlobs(blobs, remote) : blobs, onProblem),
    records: new ActionRecords(cacheDirectory, onProblem),
    ...(remote && { remote }),
  };
}

/** Sound is a folder, and what is not there yet. */
function checkFolder(path: string): void {
  try {
    if (statSync(path).isDirectory()) return;
    throw Object.assign(new Error(`${path} is no folder`), { code: 'ENOTDIR', path });
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && brokenLink(path) === undefined) return;
    throw systemProblem(`use ${path}`, error) ?? error;
  }
}
