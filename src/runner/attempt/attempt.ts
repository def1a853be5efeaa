import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import type { StageEvent } from '../../contract/attempt/stage-event.ts';
import type { JsonObject } from '../../contract/json.ts';
import type { AttemptHandle } from '../executor/executor.ts';
import type { RunControl } from '../schedule/run-control.ts';

/** In this time after an interrupt a stage may write a checkpoint. */
const GRACE_MS = 30_000;
/** Node's timers cannot wait longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface AttemptError {
  readonly message: string;
  readonly hint?: string;
}

export type AttemptEnd =
  | {
      readonly status: 'done';
      readonly observed: JsonObject;
      readonly facts: JsonObject;
      /** Where they are stored already. */
      readonly outputs?: Readonly<Record<string, StoredArtifact>>;
    }
  | { readonly status: 'failed'; readonly error: AttemptError }
  /** The machine was taken away from it. */
  | { readonly status: 'displaced'; readonly error: AttemptError }
  /** It goes on elsewhere. */
  | { readonly status: 'left'; readonly error: AttemptError }
  | { readonly status: 'cancelled' };

export interface AttemptOptions {
  /** Milliseconds; undefined is no limit. */
  readonly timeout: number | undefined;
  readonly control: RunControl;
  readonly onEvent: (event: StageEvent) => void;
}

/** Follows an attempt to its end, whatever ends it: when this settles, nothing of it runs any more. */
export async function followAttempt(handle: AttemptHandle, options: AttemptOptions): Promise<AttemptEnd> {
  const { control, timeout } = options;
  handle.done.catch(() => {}); // it may fail before anybody waits for it, which is below
  const ending = new Ending(handle, control, timeout);
  try {
    for await (const event of handle.events) options.onEvent(event);
    const result = await handle.done;
    if (result.status === 'done' || result.status === 'left') return result;
    // The first cause is told, not what came of it.
    if (control.cancelled.aborted) return { status: 'cancelled' };
    if (ending.timedOut) return { status: 'failed', error: timeoutError(timeout ?? 0) };
    return result;
  } catch (error) {
    // Nobody follows it any more; the error goes up when nothing of it runs.
    handle.kill();
    await handle.done.catch(() => {});
    throw error;
  } finally {
    ending.close();
  }
}

/** Every way to end an attempt from outside. */
class Ending {
  timedOut = false;
  readonly #handle: AttemptHandle;
  readonly #control: RunControl;
  readonly #limit: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(handle: AttemptHandle, control: RunControl, timeout: number | undefined) {
    this.#handle = handle;
    this.#control = control;
    if (timeout !== undefined) {
      this.#limit = setTimeout(() => this.#timeOut(), Math.min(timeout, LONGEST_TIMER_MS));
    }
    control.cancelled.addEventListener('abort', this.#cancel);
    control.killed.addEventListener('abort', this.#kill);
    if (control.cancelled.aborted) this.#cancel();
    if (control.killed.aborted) this.#kill();
  }

  close(): void {
    clearTimeout(this.#limit);
    clearTimeout(this.#grace);
    this.#control.cancelled.removeEventListener('abort', this.#cancel);
    this.#control.killed.removeEventListener('abort', this.#kill);
  }

  #timeOut(): void {
    this.timedOut = true;
    this.#handle.kill();
  }

  readonly #cancel = (): void => {
    this.#handle.cancel();
    this.#grace = setTimeout(this.#kill, GRACE_MS);
  };

  readonly #kill = (): void => this.#handle.kill();
}

function timeoutError(timeout: number): AttemptError {
  return {
    message: `the stage took longer than its timeout of ${timeout / 1000} s and was ended`,
    hint: 'Raise `timeout`; checkpoints and finished items are kept, and the next run continues from them.',
  };
}
