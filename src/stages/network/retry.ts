import { setTimeout as delay } from 'node:timers/promises';

export interface RetryPolicy {
  /** How often a failed try is repeated before its error is thrown. */
  readonly retries: number;
  /** Milliseconds before the first repetition; doubled before each further one. */
  readonly delayMs: number;
}

/** No pause between two tries is longer than this, whatever a server asks for. */
const LONGEST_PAUSE_MS = 60_000;

/** A failure that may be gone at the next try. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  /** Pause that the server asked for (Retry-After), in milliseconds. */
  readonly pauseMs: number | undefined;
  /** The try got further than those before it, so the count of failures in a row starts again. */
  readonly advanced: boolean;
  constructor(
    message: string,
    options: {
      readonly cause?: unknown;
      readonly pauseMs?: number | undefined;
      readonly advanced?: boolean;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.pauseMs = options.pauseMs;
    this.advanced = options.advanced ?? false;
  }
}

/**
 * Runs `work`, and again with growing pauses while it fails with a TransientError, at most `retries` failures
 * in a row. Throws its last error, any other error at once, and the reason of `signal` when that is aborted.
 * `onRetry` is told before each pause.
 */
export async function retry<Result>(
  work: () => Promise<Result>,
  policy: RetryPolicy,
  signal: AbortSignal,
  onRetry: (error: TransientError, pauseMs: number) => void,
): Promise<Result> {
  for (let failures = 0; ; ) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TransientError)) throw error;
      failures = error.advanced ? 1 : failures + 1;
      if (failures > policy.retries) throw error;
      const pauseMs = Math.min(error.pauseMs ?? policy.delayMs * 2 ** (failures - 1), LONGEST_PAUSE_MS);
      onRetry(error, pauseMs);
      await delay(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/**
 * Milliseconds that a Retry-After header asks for: seconds or an HTTP date (RFC 9110, 10.2.3); undefined
 * where it is absent or unreadable.
 */
export function retryAfterMs(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const wait = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
