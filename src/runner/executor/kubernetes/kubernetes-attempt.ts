import { setTimeout as delay } from 'node:timers/promises';
import type { StageEvent } from '../../../contract/attempt/stage-event.ts';
import { Absence } from '../absence.ts';
import { cancelled, displaced, failed } from '../attempt-result.ts';
import { EventQueue } from '../event-queue.ts';
import type { AttemptHandle, AttemptResult } from '../executor.ts';
import { type Cluster, ClusterError } from './cluster.ts';
import { type JobState, stateOf } from './job-state.ts';
import type { Meeting } from './meeting.ts';
import type { NewJob, Pod } from './objects.ts';
import { mayRunBecause, type Observation, type Observer } from './observer.ts';

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
  /** `tell`: says why something is waited for. */
  readonly meeting: (tell: (message: string) => void) => Meeting;
  /** Removes the Job in its own time: nothing of it runs. */
  readonly remove: () => void;
  /** Puts down what is about to be handed in, and gives it; absent for a Job that is there already. */
  readonly prepare?: (meeting: Meeting, signal: AbortSignal) => Promise<NewJob>;
}

/** One attempt as a Job: handed in, or found again, and followed until nothing of it runs. */
export class KubernetesAttempt implements AttemptHandle {
  readonly events = new EventQueue<StageEvent>();
  readonly done: Promise<AttemptResult>;
  readonly #place: AttemptPlace;
  readonly #meeting: Meeting;
  readonly #stop = new AbortController();
  /** It will never begin: what the cluster does with its Job no longer matters. */
  #prevented = false;
  /** When it was to be ended at once, in milliseconds of this process. */
  #killed: number | undefined;
  /** Its Job was deleted because it is to stop. */
  #taken = false;
  /** The cluster has taken its Job from this runner, or has shown it. */
  #wasThere = false;
  #told = '';
  #asking: Promise<void> | undefined;

  constructor(place: AttemptPlace) {
    this.#place = place;
    this.#meeting = place.meeting((message) => this.#tell(true, `${place.name}: ${message}`));
    this.done = this.#live();
    void this.#tellEvents();
  }

  /** What has not begun never does; what runs may write a checkpoint. */
  cancel(): void {
    this.#asking ??= this.#askToStop();
    this.#stop.abort();
  }

  kill(): void {
    if (this.#killed !== undefined) return;
    this.#killed = performance.now();
    this.cancel();
    this.#place.observer.wake(this.#place.name);
  }

  async #askToStop(): Promise<void> {
    try {
      if (await this.#meeting.prevent()) this.#prevented = true;
      else this.#taken = await this.#meeting.askToStop();
    } catch {
      this.kill();
    }
    this.#place.observer.wake(this.#place.name);
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
    const { signal } = this.#stop;
    const job = await prepare(this.#meeting, signal).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (job === undefined) return cancelled();
    for (let wait = FIRST_RETRY_MS; !this.#stop.signal.aborted; wait = Math.min(wait * 2, LONGEST_RETRY_MS)) {
      try {
        await cluster.create(job);
        this.#wasThere = true;
        return undefined;
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (error.kind !== 'unreachable') return failed(refusal(error, cluster.namespace));
        this.#tellUnreachable(error.message);
      }
      await delay(wait, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    // A request that nobody saw answered may have been done: then it is found as any other.
    await this.#asking;
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
        this.#wasThere = true;
        this.#meeting.saw(observation.pods);
        this.#tell(state.waits, state.message);
        if (this.#killed !== undefined) await this.#end(observation);
      } else if (state.is !== 'absent' || this.#isGone() || absence.isForGood()) {
        return await this.#settled(state, observation.pods);
      }
    }
  }

  /** Whether that the cluster does not show it is the end that was asked for. */
  #isGone(): boolean {
    return this.#killed !== undefined || this.#taken;
  }

  async #settled(state: Exclude<JobState, { is: 'there' }>, pods: readonly Pod[]): Promise<AttemptResult> {
    const { signal } = this.#stop;
    if (state.is === 'ended')
      return await this.#meeting.end({ exitCode: state.exitCode, pods, asked: signal.aborted }, signal);
    // What was finished before is finished, whatever came after it.
    const result = await this.#meeting.result(pods);
    if (result?.status === 'done') return result;
    if (this.#killed !== undefined) return cancelled();
    if (state.is === 'displaced') return displaced(state.error);
    // A cluster tries again and again to start what could not be started, until it is removed.
    const neverBegins = await this.#meeting.prevent();
    if (state.is === 'failed') return failed(state.error);
    if (neverBegins && !this.#wasThere)
      return displaced({ message: `the cluster never had ${this.#place.name}: its runner died first` });
    return this.#meeting.gone();
  }

  #left(observation: Observation | undefined): AttemptResult {
    const { name, cluster } = this.#place;
    return {
      status: 'left',
      error: {
        message: `${name} was to be ended, and may go on: ${mayRunBecause(observation)}`,
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
    try {
      for await (const event of this.#meeting.events(this.done)) this.events.put(event);
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
