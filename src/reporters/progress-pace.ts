import type { RunState } from './run-state.ts';

/** Progress is reported no more often than this, and more rarely the longer the stage takes. */
const SHORTEST_PAUSE_MS = 5_000;
const PAUSE_PER_ELAPSED = 1 / 20;

/** When a line about a stage's progress is due, in logs where each one stays. */
export class ProgressPace {
  readonly #last = new Map<string, number>();

  /** `time` is the event's, in milliseconds; a line that is due counts as written. */
  isDue(stage: string, time: number, state: RunState): boolean {
    const startedAt = state.stage(stage).startedAt ?? time;
    const pause = Math.max(SHORTEST_PAUSE_MS, (time - startedAt) * PAUSE_PER_ELAPSED);
    if (time - (this.#last.get(stage) ?? startedAt) < pause) return false;
    this.#last.set(stage, time);
    return true;
  }
}
