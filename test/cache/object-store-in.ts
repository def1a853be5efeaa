import type { OnCacheProblem } from '../../src/cache/cache-problem.ts';
import { BlobStore } from '../../src/cache/objects/blob-store.ts';
import { ObjectStore } from '../../src/cache/objects/object-store.ts';

/** A store whose blobs are in a folder. */
export function objectStoreIn(cacheDirectory: string, onProblem: OnCacheProblem): ObjectStore {
  return new ObjectStore(new BlobStore(cacheDirectory, onProblem), onProblem);
}
