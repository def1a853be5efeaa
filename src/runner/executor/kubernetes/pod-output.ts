import { appendFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { RefusedObject } from '../../../cache/remote/exchange.ts';
import type { StageEvent } from '../../../contract/attempt/stage-event.ts';
import { ToldEvents, toldIn } from '../through-store/told-lines.ts';
import type { Cluster } from './cluster.ts';
import type { Pod } from './objects.ts';
import { PodLog } from './pod-log.ts';
import type { Turns } from './turns.ts';

/** How often the output of a pod is asked for. */
const LOG_EVERY_MS = 2000;

/**
 * What a pod prints and tells while it runs: lines for the attempt's log, and events. It may be read twice or in part; the outcome
 * makes it whole.
 */
export class PodOutput {
  readonly #cluster: Cluster;
  readonly #log: string;
  readonly #turns: Turns;
  readonly #told = new ToldEvents();
  #source: PodLog | undefined;
  #isWhole = false;

  /** `log`: the file for what it prints; `logTurns`: the questions for the output of all pods. */
  constructor({ cluster, log, logTurns }: { cluster: Cluster; log: string; logTurns: Turns }) {
    this.#cluster = cluster;
    this.#log = log;
    this.#turns = logTurns;
  }

  saw(pods: readonly Pod[]): void {
    const running = pods.find(({ status }) => status?.phase === 'Running');
    if (running === undefined || this.#source !== undefined) return;
    writeFileSync(this.#log, ''); // an earlier runner may have read the beginning
    this.#source = new PodLog(this.#cluster, running.metadata.name);
  }

  /** The events as they come, until `ended` has settled; then those of `all` that did not. */
  async *events(ended: Promise<unknown>, all: () => readonly StageEvent[]): AsyncGenerator<StageEvent> {
    let over = false;
    const end = () => {
      over = true;
    };
    const ending = ended.then(end, end);
    while (!over) {
      await Promise.race([ending, delay(LOG_EVERY_MS)]);
      if (!over) yield* await this.readOn();
    }
    yield* this.#told.rest(all());
  }

  /** Reads what there is by now. */
  async readOn(): Promise<StageEvent[]> {
    const source = this.#source;
    if (source === undefined) return [];
    const events: StageEvent[] = [];
    for (const line of await this.#turns.take(() => source.next())) {
      const told = toldIn(line);
      const event = told && this.#told.take(told);
      if (event) events.push(event);
      else if (!told && !this.#isWhole) appendFileSync(this.#log, `${line}\n`);
    }
    return events;
  }

  /** `save` puts all that was printed into the log. It is for people: if the store refuses it, what came live has to do. */
  async complete(save: () => Promise<void>): Promise<void> {
    this.#isWhole = true;
    try {
      await save();
    } catch (error) {
      if (!(error instanceof RefusedObject)) throw error;
      this.#isWhole = false;
      appendFileSync(this.#log, `${error.message}\n`);
    }
  }
}
