import { canonicalJson } from '../../contract/canonical-json.ts';
import type { RemoteProfile } from '../../contract/executor/executor-profile.ts';
import { StageError } from '../../contract/stage-context.ts';
import type { OpenExecutor, OwnMachine, RemoteExecutor, RunCache } from './executor.ts';
import { readSubmission } from './submission.ts';

/** The executors of a run: this machine, and each other one that is asked for, opened once. */
export class Executors {
  readonly here: OwnMachine;
  readonly #open: OpenExecutor | undefined;
  readonly #cache: RunCache;
  readonly #opened = new Map<string, Promise<RemoteExecutor>>();

  constructor(here: OwnMachine, open: OpenExecutor | undefined, cache: RunCache) {
    this.#cache = cache;
    this.here = here;
    this.#open = open;
  }

  /** What a profile describes. Throws a StageError where it cannot be used here. */
  async remote(profile: RemoteProfile): Promise<RemoteExecutor> {
    const name = canonicalJson(profile);
    const known = this.#opened.get(name);
    if (known) return await known;
    if (this.#open === undefined)
      throw new StageError(`there is no executor of the kind ${profile.kind} here`);
    const opened = this.#open(profile, this.#cache);
    this.#opened.set(name, opened);
    return await opened;
  }

  /** Ends whatever still runs of an attempt whose runner is dead, wherever that is. */
  async endRemains(attemptDirectory: string): Promise<void> {
    const submission = await readSubmission(attemptDirectory);
    if (submission === undefined) return await this.here.endRemains(attemptDirectory);
    const executor = await this.remote(submission.executor);
    await executor.endRemains(attemptDirectory, submission.reference);
  }

  async close(): Promise<void> {
    await this.here.close();
    for (const opened of this.#opened.values()) await (await opened.catch(() => undefined))?.close();
  }
}
