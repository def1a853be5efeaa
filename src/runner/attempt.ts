import { lstat } from 'node:fs/promises';
import { orAbsent } from '../cache/cache-error.ts';
import { holdsLinks } from '../cache/directory-listing.ts';
import type { ObjectStore, StoredArtifact } from '../cache/object-store.ts';
import type { JsonObject } from '../contract/json.ts';
import type { StageSpec } from '../contract/spec.ts';
import type { StageEvent } from '../contract/stage-event.ts';
import type { AttemptHandle, Executor, Surroundings } from './executor.ts';
import type { RunControl } from './run-control.ts';

/** In this time after an interrupt a stage may write a checkpoint. */
const GRACE_MS = 30_000;
/** Node's timers cannot wait longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface AttemptError {
  readonly message: string;
  readonly hint?: string;
}

export type AttemptEnd =
  | { readonly status: 'done'; readonly observed: JsonObject; readonly facts: JsonObject }
  | { readonly status: 'failed'; readonly error: AttemptError }
  | { readonly status: 'cancelled' }
  | { readonly status: 'superseded' };

export interface AttemptOptions {
  readonly executor: Executor;
  readonly surroundings: Surroundings;
  /** Milliseconds; undefined is no limit. */
  readonly timeout: number | undefined;
  readonly control: RunControl;
  readonly onEvent: (event: StageEvent) => void;
}

/** Executes a prepared attempt to its end, whatever ends it. */
export async function executeAttempt(spec: StageSpec, options: AttemptOptions): Promise<AttemptEnd> {
  const { control, timeout } = options;
  const handle = options.executor.start(spec, options.surroundings);
  const ending = new Ending(handle, control, timeout);
  try {
    for await (const event of handle.events) {
      if (event.type === 'waiting') ending.doNotTime(); // another process does the work; ours has not begun
      options.onEvent(event);
    }
    const result = await handle.done;
    if (result.status === 'done') return result;
    // The first cause is told, not what came of it.
    if (control.cancelled.aborted) return { status: 'cancelled' };
    if (ending.timedOut) return { status: 'failed', error: timeoutError(timeout ?? 0) };
    return result;
  } catch (error) {
    handle.kill(); // nobody follows it any more
    throw error;
  } finally {
    ending.close();
  }
}

/** Stores the outputs of an attempt that is done. Gives an error where it did not write what it declares. */
export async function storeOutputs(
  outputs: StageSpec['outputs'],
  objects: ObjectStore,
): Promise<{ readonly stored: Record<string, StoredArtifact> } | { readonly error: AttemptError }> {
  const missing: string[] = [];
  for (const [name, { path }] of Object.entries(outputs)) {
    if (!(await orAbsent(lstat(path)))) missing.push(`${name} (${path})`);
  }
  if (missing.length > 0) {
    const message = `the stage ended without writing ${missing.length === 1 ? 'its output' : 'its outputs'} ${missing.join(', ')}`;
    return { error: { message, hint: 'Every declared output must be written, even if it is empty.' } };
  }
  const stored: [string, StoredArtifact][] = [];
  // What holds symbolic links is copied before the files to which they may lead are moved away.
  const linked = new Set<string>();
  for (const { path } of Object.values(outputs)) if (await holdsLinks(path)) linked.add(path);
  for (const move of [false, true]) {
    for (const [name, { path, artifact }] of Object.entries(outputs)) {
      if (linked.has(path) !== move) stored.push([name, await objects.put(path, artifact, { move })]);
    }
  }
  return { stored: Object.fromEntries(stored) };
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

  doNotTime(): void {
    clearTimeout(this.#limit);
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
    hint: 'Raise `timeout`; checkpoints and finished items are kept, and the next run goes on from them.',
  };
}
