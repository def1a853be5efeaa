import { setTimeout as delay } from 'node:timers/promises';
import { changesBetween, type FileChange, type FileStates, lookAt, type WatchedPath } from './file-states.ts';

/** Between two looks; longer where a look takes long. Looking works on every file system, also where nothing tells of changes. */
const SHORTEST_PAUSE_MS = 250;
const PAUSE_PER_LOOK = 10;

/**
 * Waits until files differ from what they were, and then until nobody writes to them any more. Undefined when `signal` is
 * aborted first.
 */
export async function nextChange(
  paths: readonly WatchedPath[],
  before: FileStates,
  signal: AbortSignal,
): Promise<readonly FileChange[] | undefined> {
  for (let last = before; ; ) {
    const began = performance.now();
    const now = await lookAt(paths);
    const changes = changesBetween(before, now);
    if (changes.length > 0 && changesBetween(last, now).length === 0) return changes;
    last = now;
    const pause = Math.max(SHORTEST_PAUSE_MS, (performance.now() - began) * PAUSE_PER_LOOK);
    await delay(pause, undefined, { signal }).catch(() => {});
    if (signal.aborted) return undefined;
  }
}
