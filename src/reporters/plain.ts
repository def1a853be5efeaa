import type { RunEvent } from '../runner/events/run-event.ts';
import type { Output } from '../terminal/output.ts';
import { type Paint, paintFor } from '../terminal/paint.ts';
import { show } from '../terminal/show.ts';
import { eventLines } from './event-lines.ts';
import type { Reporter } from './reporter.ts';
import { RunState } from './run-state.ts';
import { summaryLines } from './summary.ts';

/** Progress of a stage is told no more often than this, and ever more rarely the longer the stage takes. */
const SHORTEST_PAUSE_MS = 5_000;
const PAUSE_PER_ELAPSED = 1 / 20;

/** One line for each event that matters, in the order of the events. */
export class PlainReporter implements Reporter {
  readonly #state = new RunState();
  readonly #paint: Paint;
  readonly #output: Output;
  readonly #lastProgress = new Map<string, number>();

  constructor(output: Output) {
    this.#output = output;
    this.#paint = paintFor(output);
  }

  report(event: RunEvent): void {
    this.#state.apply(event);
    if (event.type === 'stage-progress' && !this.#isDue(event.stage, Date.parse(event.time))) return;
    this.#write(eventLines(event, this.#state, this.#paint));
    if (event.type === 'run-finished') this.#write(['', ...summaryLines(this.#state, this.#paint)]);
  }

  async close(): Promise<void> {}

  #write(lines: readonly string[]): void {
    show(this.#output, ...lines);
  }

  #isDue(stage: string, time: number): boolean {
    const startedAt = this.#state.stage(stage).startedAt ?? time;
    const pause = Math.max(SHORTEST_PAUSE_MS, (time - startedAt) * PAUSE_PER_ELAPSED);
    if (time - (this.#lastProgress.get(stage) ?? startedAt) < pause) return false;
    this.#lastProgress.set(stage, time);
    return true;
  }
}
