import { setTimeout as delay } from 'node:timers/promises';
import { LostObject, RefusedObject } from '../../../cache/remote/exchange.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { CacheError } from '../../../files/system-problem.ts';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

export interface Persistence {
  /** Ends it, with the last error. */
  readonly signal: AbortSignal;
  /** So long it is tried; for ever if absent. */
  readonly forMs?: number;
  readonly onFailure: (error: Error) => void;
}

/** What `work` gives, tried again while the store cannot be reached. Throws at once what another try does not change. */
export async function persistently<T>(
  { signal, forMs = Number.POSITIVE_INFINITY, onFailure }: Persistence,
  work: () => Promise<T>,
): Promise<T> {
  const until = performance.now() + forMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || signal.aborted || performance.now() + pause > until) throw error;
      onFailure(error);
    }
    await delay(pause, undefined, { signal }).catch(() => {});
  }
}

/** Errors of the store have no class of their own; faults of ours do. */
function isPassing(error: unknown): error is Error {
  const isOurs = [TypeError, ReferenceError, RangeError, SyntaxError].some((fault) => error instanceof fault);
  const isFinal = [LostObject, RefusedObject, StageError, CacheError].some((kind) => error instanceof kind);
  return error instanceof Error && !isOurs && !isFinal;
}
