import type { RunEvent } from '../runner/events/run-event.ts';
import type { Output } from '../terminal/output.ts';
import { type Paint, paintFor } from '../terminal/paint.ts';
import { show } from '../terminal/show.ts';
import { eventLines } from './event-lines.ts';
import { ProgressPace } from './progress-pace.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { RunState } from './run-state.ts';
import { summaryLines } from './summary.ts';

/** One line for each event that matters, in the order of the events. */
export class PlainReporter implements Reporter {
  readonly #state = new RunState();
  readonly #paint: Paint;
  readonly #output: Output;
  readonly #samples: boolean;
  readonly #pace = new ProgressPace();

  constructor(output: Output, { samples = false }: ReporterOptions = {}) {
    this.#output = output;
    this.#samples = samples;
    this.#paint = paintFor(output);
  }

  report(event: RunEvent): void {
    this.#state.apply(event);
    if (!this.#pace.isDue(event, this.#state)) return;
    if (event.type === 'stage-log' && event.level === 'sample' && !this.#samples) return;
    this.#write(eventLines(event, this.#state, this.#paint));
    if (event.type === 'run-finished') this.#write(['', ...summaryLines(this.#state, this.#paint)]);
  }

  async close(): Promise<void> {}

  #write(lines: readonly string[]): void {
    show(this.#output, ...lines);
  }
}
