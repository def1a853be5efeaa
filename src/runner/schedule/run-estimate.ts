import type { NewRunEvent } from '../events/run-event-of.ts';
import type { Limits } from './room.ts';
import { type TimedTask, timeLeft } from './time-left.ts';

/** Estimates follow each other at this distance at least: reporters count on by themselves. */
const PACE_MS = 1000;

/** How long a run will still take, by what its stages took before. Follows the events of the run. */
export class RunEstimate {
  readonly #tasks: readonly TimedTask[];
  readonly #limits: Limits;
  /** When each stage that runs has begun, by `performance.now()`. */
  readonly #running = new Map<string, number>();
  readonly #ended = new Set<string>();
  #told = Number.NEGATIVE_INFINITY;

  /** `tasks`: all of the run, in the order in which they get room; hits are done when they are said to be. */
  constructor(tasks: readonly TimedTask[], limits: Limits) {
    this.#tasks = tasks;
    this.#limits = limits;
  }

  /** Takes note of an event. Gives the event that tells how long it takes from here, where it is time for one. */
  after(event: NewRunEvent): NewRunEvent | undefined {
    // Hits ask for no time: Node loads the clock with its first use, which takes 2 ms.
    if (event.type === 'stage-started') {
      this.#ended.delete(event.stage);
      if (!this.#running.has(event.stage)) this.#running.set(event.stage, performance.now());
    } else if (event.type === 'stage-finished') {
      this.#running.delete(event.stage);
      this.#ended.add(event.stage);
      if (event.outcome === 'ran' && performance.now() - this.#told >= PACE_MS) return this.now();
    }
    return undefined;
  }

  now(): NewRunEvent {
    const now = performance.now();
    this.#told = now;
    const left = this.#tasks
      .filter(({ id }) => !this.#ended.has(id))
      .map((task) => {
        const began = this.#running.get(task.id);
        if (began === undefined) return task;
        const left_ms = task.left_ms && Math.max(0, task.left_ms - (now - began));
        return { ...task, isRunning: true, left_ms };
      });
    return { type: 'run-estimated', ...timeLeft(left, this.#limits) };
  }
}
