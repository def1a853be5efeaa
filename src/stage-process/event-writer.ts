import { closeSync, openSync, writeSync } from 'node:fs';
import type { StageEvent, Untimed } from '../contract/attempt/stage-event.ts';

/** A stage may report progress for every item; readers need no more than ten a second. */
const PROGRESS_INTERVAL_MS = 100;

export type NewStageEvent = Untimed<StageEvent>;

/**
 * Appends a stage's events to its `events.ndjson`, each as one write of one whole line. Progress is thinned out,
 * but the newest progress is always written in the end, and always before an event that came after it. A full disk ends
 * the telling and not the work, whose result says what is wrong.
 */
export class EventWriter {
  readonly #descriptor: number;
  #broken = false;
  #pending: StageEvent | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastProgress = Number.NEGATIVE_INFINITY;

  constructor(file: string) {
    this.#descriptor = openSync(file, 'a');
  }

  write(event: NewStageEvent): void {
    const timed: StageEvent = { time: Date.now(), ...event };
    if (timed.type !== 'progress') {
      this.#flush();
      this.#append(timed);
      return;
    }
    this.#pending = timed;
    const wait = this.#lastProgress + PROGRESS_INTERVAL_MS - performance.now();
    if (wait <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), wait).unref();
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending === undefined) return;
    this.#append(this.#pending);
    this.#pending = undefined;
    this.#lastProgress = performance.now();
  }

  #append(event: StageEvent): void {
    if (this.#broken) return;
    try {
      writeSync(this.#descriptor, `${JSON.stringify(event)}\n`);
    } catch {
      this.#broken = true;
    }
  }
}
