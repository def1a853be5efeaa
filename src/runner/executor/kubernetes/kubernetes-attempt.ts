import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import type { StageEvent } from '../../../contract/attempt/stage-event.ts';
import { Absence } from '../absence.ts';
import { attemptEvents, FROM_AFAR } from '../attempt-events.ts';
import { cancelled, displaced, failed, readResult } from '../attempt-result.ts';
import { EventQueue } from '../event-queue.ts';
import type { AttemptHandle, AttemptResult } from '../executor.ts';
import { preventStart } from '../job-script.ts';
import { endOf } from './attempt-end.ts';
import { type Cluster, ClusterError } from './cluster.ts';
import { type JobState, stateOf } from './job-state.ts';
import type { NewJob } from './objects.ts';
import type { Observation, Observer } from './observer.ts';

/** So long somebody who wants to stop waits for the cluster. */
const LEFT_MS = 20_000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;

/** What an attempt needs of its executor. */
export interface AttemptPlace {
  readonly cluster: Cluster;
  readonly observer: Observer;
  readonly name: string;
  readonly image: string;
  readonly attemptDirectory: string;
  readonly log: string;
  /** Removes the Job in its own time: nothing of it runs. */
  readonly remove: () => void;
  /** Puts down what is about to be handed in, and gives it; absent for a Job that is there already. */
  readonly prepare?: () => Promise<NewJob>;
}

/** One attempt as a Job: handed in, or found again, and followed until nothing of it runs. */
export class KubernetesAttempt implements AttemptHandle {
  readonly events = new EventQueue<StageEvent>();
  readonly done: Promise<AttemptResult>;
  readonly #place: AttemptPlace;
  readonly #stop = new AbortController();
  /** It will never begin: what the cluster does with its Job no longer matters. */
  #prevented = false;
  /** When it was to be ended at once, in milliseconds of this process. */
  #killed: number | undefined;
  #told = '';

  constructor(place: AttemptPlace) {
    this.#place = place;
    this.done = this.#live();
    void this.#tellEvents();
  }

  /** What has not begun never does; what runs may write a checkpoint. */
  cancel(): void {
    this.#stop.abort();
    const { attemptDirectory, observer, name } = this.#place;
    try {
      if (preventStart(attemptDirectory)) this.#prevented = true;
      else writeFileSync(attemptFiles(attemptDirectory).cancel, '');
    } catch {
      this.kill();
    }
    observer.wake(name);
  }

  kill(): void {
    if (this.#killed !== undefined) return;
    this.#killed = performance.now();
    this.cancel();
  }

  async #live(): Promise<AttemptResult> {
    const end = (await this.#handIn()) ?? (await this.#followed());
    if (end.status !== 'left') this.#place.remove();
    return end;
  }

  /** Undefined once the cluster has it. */
  async #handIn(): Promise<AttemptResult | undefined> {
    const { prepare, cluster } = this.#place;
    if (prepare === undefined) return undefined;
    const job = await prepare();
    for (let wait = FIRST_RETRY_MS; !this.#stop.signal.aborted; wait = Math.min(wait * 2, LONGEST_RETRY_MS)) {
      try {
        await cluster.create(job);
        return undefined;
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (error.kind !== 'unreachable') return failed(refusal(error, cluster.namespace));
        this.#tellUnreachable(error.message);
      }
      await delay(wait, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    // A request that nobody saw answered may have been done: then it is found as any other.
    return this.#prevented ? cancelled() : undefined;
  }

  async #followed(): Promise<AttemptResult> {
    const { observer, name, image } = this.#place;
    const absence = new Absence();
    for (;;) {
      const observation = await observer.next(name);
      if (this.#prevented) return cancelled();
      if (this.#killed !== undefined && performance.now() - this.#killed > LEFT_MS)
        return this.#left(observation);
      if (observation === undefined) continue;
      if (!observation.known) {
        this.#tellUnreachable(observation.message);
        continue;
      }
      const state = stateOf(image, observation.job, observation.pods);
      if (state.is === 'there') {
        absence.end();
        this.#tell(state.waits, state.message);
        if (this.#killed !== undefined) await this.#end(observation);
      } else if (state.is !== 'absent' || this.#killed !== undefined || absence.isForGood()) {
        return await this.#settled(state);
      }
    }
  }

  async #settled(state: Exclude<JobState, { is: 'there' }>): Promise<AttemptResult> {
    const { attemptDirectory, log, name } = this.#place;
    const asked = this.#stop.signal.aborted;
    if (state.is === 'ended') return await endOf(attemptDirectory, state.exitCode, log, asked);
    // What was finished before is finished, whatever came after it.
    const result = await readResult(attemptDirectory);
    if (result?.status === 'done') return result;
    if (this.#killed !== undefined) return cancelled();
    if (state.is === 'displaced') return displaced(state.error);
    // A cluster tries again and again to start what could not be started, until it is removed.
    preventStart(attemptDirectory);
    return failed(
      state.is === 'failed'
        ? state.error
        : {
            message: `the Job ${name} is gone, and left no result`,
            hint: 'Somebody or something in the cluster deleted it. Run again.',
          },
    );
  }

  #left(observation: Observation | undefined): AttemptResult {
    const { name, cluster } = this.#place;
    const why =
      observation?.known === false ? observation.message : 'its node does not say that it has ended';
    return {
      status: 'left',
      error: {
        message: `${name} was to be ended, and may go on: ${why}`,
        hint: `The next run finds it. To end it by hand: kubectl delete job ${name} -n ${cluster.namespace}`,
      },
    };
  }

  /** Whether it worked is seen later. */
  async #end({ pods }: Extract<Observation, { known: true }>): Promise<void> {
    const { cluster, name } = this.#place;
    try {
      await cluster.end(name, pods);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
    }
  }

  async #tellEvents(): Promise<void> {
    const { events } = attemptFiles(this.#place.attemptDirectory);
    try {
      for await (const event of attemptEvents(events, this.done, FROM_AFAR)) this.events.put(event);
    } catch {
      // The folder is gone, with all that could be told; how the attempt ended is told by `done`.
    } finally {
      await this.done.catch(() => {});
      this.events.close();
    }
  }

  #tellUnreachable(message: string): void {
    const { cluster, name } = this.#place;
    this.#tell(true, `${name}: the cluster ${cluster.server} cannot be reached; waiting for it (${message})`);
  }

  /** Once, until there is something else to tell. */
  #tell(waits: boolean, message: string): void {
    if (message === this.#told) return;
    this.#told = message;
    this.events.put({ time: Date.now(), type: 'place', waits, message });
  }
}

function refusal({ kind, message }: ClusterError, namespace: string): { message: string; hint: string } {
  return {
    message: `the cluster takes no Job for this stage: ${message}`,
    hint:
      kind === 'absent'
        ? `Is there a namespace ${namespace}? kubectl get namespaces`
        : `May you create Jobs? kubectl auth can-i create jobs -n ${namespace}`,
  };
}
