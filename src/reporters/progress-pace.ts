import type { RunEvent } from '../runner/events/run-event.ts';
import type { RunState } from './run-state.ts';

/** Progress is reported no more often than this, and more rarely the longer the stage takes. */
const SHORTEST_PAUSE_MS = 5_000;
const PAUSE_PER_ELAPSED = 1 / 20;

/** When a line about progress is due, of a stage or of the uploads at the end, in logs where each one stays. */
export class ProgressPace {
  readonly #last = new Map<string, number>();

  /** A line that is due counts as written. Events that tell of no progress are always due. */
  isDue(event: RunEvent, state: RunState): boolean {
    const time = Date.parse(event.time);
    if (event.type === 'stage-progress')
      return this.#isDue(event.stage, state.stage(event.stage).startedAt ?? time, time);
    if (event.type !== 'uploading') return true;
    const startedAt = state.uploading?.progress.first.time ?? time;
    return startedAt === time || this.#isDue('', startedAt, time);
  }

  #isDue(stage: string, startedAt: number, time: number): boolean {
    const pause = Math.max(SHORTEST_PAUSE_MS, (time - startedAt) * PAUSE_PER_ELAPSED);
    if (time - (this.#last.get(stage) ?? startedAt) < pause) return false;
    this.#last.set(stage, time);
    return true;
  }
}
