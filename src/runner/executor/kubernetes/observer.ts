import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../contract/message-of.ts';
import type { Cluster } from './cluster.ts';
import type { Job, ObjectMeta, Pod } from './objects.ts';

/** What Kubernetes puts on every pod of a Job. */
const JOB_NAME = 'batch.kubernetes.io/job-name';

const SHORTEST_PAUSE_MS = 500;
/** The answer grows with the number of attempts. */
const PAUSE_PER_ATTEMPT_MS = 10;
const LONGEST_PAUSE_MS = 10_000;

/** What the cluster said of a Job, or why it said nothing. */
export type Observation =
  | { readonly known: true; readonly job: Job | undefined; readonly pods: readonly Pod[] }
  | { readonly known: false; readonly message: string };

type Waiter = (observation: Observation | undefined) => void;

/** Asks for all Jobs and pods of one artifacts folder at once, as long as anybody waits for an answer. */
export class Observer {
  readonly #cluster: Cluster;
  readonly #selector: string;
  #waiting = new Map<string, Waiter[]>();
  /** Those for whom a question is on its way. */
  #asking: ReadonlyMap<string, Waiter[]> = new Map();
  #asks = false;

  constructor(cluster: Cluster, selector: string) {
    this.#cluster = cluster;
    this.#selector = selector;
  }

  /**
   * What is said of a Job in answer to a question that is asked after this call; undefined if `wake` was called meanwhile.
   * Never rejects.
   */
  next(name: string): Promise<Observation | undefined> {
    return new Promise((told) => {
      const waiters = this.#waiting.get(name);
      if (waiters) waiters.push(told);
      else this.#waiting.set(name, [told]);
      if (!this.#asks) void this.#ask();
    });
  }

  /** Lets those who wait for an answer of this Job go on without it. */
  wake(name: string): void {
    for (const waiting of [this.#waiting, this.#asking])
      for (const tell of waiting.get(name) ?? []) tell(undefined);
    this.#waiting.delete(name);
  }

  async #ask(): Promise<void> {
    this.#asks = true;
    for (let failures = 0; this.#waiting.size > 0; ) {
      const pause = this.#waiting.size * PAUSE_PER_ATTEMPT_MS + SHORTEST_PAUSE_MS * 2 ** failures;
      await delay(Math.min(pause, LONGEST_PAUSE_MS));
      this.#asking = this.#waiting;
      this.#waiting = new Map();
      const known = await this.#list();
      for (const [name, waiters] of this.#asking) {
        for (const tell of waiters)
          tell(typeof known === 'string' ? { known: false, message: known } : known(name));
      }
      failures = typeof known === 'string' ? Math.min(failures + 1, 5) : 0;
      await delay(0); // who was told asks again, or has ended
    }
    this.#asks = false;
  }

  /** What is known of each name; or why nothing is. */
  async #list(): Promise<((name: string) => Observation) | string> {
    try {
      // Pods first: of a Job that is deleted between the two, its pods are seen.
      const pods = grouped(await this.#cluster.pods(this.#selector), ({ labels }) => labels?.[JOB_NAME]);
      const jobs = grouped(await this.#cluster.jobs(this.#selector), ({ name }) => name);
      return (name) => ({ known: true, job: jobs.get(name)?.[0], pods: pods.get(name) ?? [] });
    } catch (error) {
      return messageOf(error);
    }
  }
}

function grouped<Item extends { readonly metadata: ObjectMeta }>(
  items: readonly Item[],
  key: (metadata: ObjectMeta) => string | undefined,
): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const name = key(item.metadata);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

/** Why what was to be ended may run all the same. */
export function mayRunBecause(observation: Observation | undefined): string {
  return observation?.known === false ? observation.message : 'its node does not say that it has ended';
}
