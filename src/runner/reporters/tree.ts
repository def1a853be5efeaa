import type { RunEvent } from '../events.ts';
import { eventLines } from './event-lines.ts';
import type { LiveWindow } from './live-window.ts';
import { type Paint, paintFor } from './paint.ts';
import type { Output, Reporter } from './reporter.ts';
import { RunState } from './run-state.ts';
import { summaryLines } from './summary.ts';
import { treeLines } from './tree-lines.ts';

const REDRAW_MS = 100;

/** A live tree of the stages for terminals; what stages say is written above it, and the summary below it. */
export class TreeReporter implements Reporter {
  readonly #output: Output;
  readonly #paint: Paint;
  readonly #state = new RunState();
  /** Lines to be written above the tree at its next drawing. */
  #above: string[] = [];
  /** Loaded when the first stage starts: a run that has nothing to do shows no tree. */
  #window: Promise<LiveWindow> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output) {
    this.#output = output;
    this.#paint = paintFor(output);
  }

  report(event: RunEvent): void {
    this.#state.apply(event);
    if (isToldAbove(event)) this.#above.push(...eventLines(event, this.#state, this.#paint));
    if (event.type === 'stage-started') this.#window ??= this.#open();
  }

  async close(): Promise<void> {
    const window = await this.#window;
    clearInterval(this.#timer);
    const summary = summaryLines(this.#state, this.#paint);
    if (window === undefined) {
      this.#output.write([...this.#above, ...summary].map((line) => `${line}\n`).join(''));
      return;
    }
    this.#draw(window);
    window.close();
    this.#output.write(['', ...summary].map((line) => `${line}\n`).join(''));
  }

  async #open(): Promise<LiveWindow> {
    const { LiveWindow } = await import('./live-window.ts');
    const window = new LiveWindow(this.#output);
    this.#timer = setInterval(() => this.#draw(window), REDRAW_MS).unref();
    return window;
  }

  #draw(window: LiveWindow): void {
    window.write(this.#above);
    this.#above = [];
    const { columns = 80, rows = 24 } = this.#output;
    // An empty line sets the tree off from what the stages say.
    const view = { columns, rows: rows - 1, now: Date.now(), paint: this.#paint };
    window.draw(['', ...treeLines(this.#state, view)]);
  }
}

/** The tree shows the state of the stages; the rest is told in lines. */
function isToldAbove(event: RunEvent): boolean {
  return (
    event.type === 'stage-log' ||
    event.type === 'stage-retrying' ||
    event.type === 'cache-problem' ||
    event.type === 'engine-chosen' ||
    event.type === 'run-started'
  );
}
