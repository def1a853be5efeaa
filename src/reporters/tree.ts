import type { RunEvent } from '../runner/events/run-event.ts';
import type { Output } from '../terminal/output.ts';
import { type Paint, paintFor } from '../terminal/paint.ts';
import { rendered, show } from '../terminal/show.ts';
import { eventLines } from './event-lines.ts';
import type { LiveTree } from './live-tree.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { RunState } from './run-state.ts';
import type { Size } from './screen-bottom.ts';
import { summaryLines } from './summary.ts';
import { treeLines } from './tree-lines.ts';

/** A live tree of the stages for terminals; what stages say is written above it, and the summary below it. */
export class TreeReporter implements Reporter {
  readonly #output: Output;
  readonly #paint: Paint;
  readonly #samples: boolean;
  readonly #state = new RunState();
  /** What is to be written above the tree as soon as that is open. */
  #waiting: string[] = [];
  /** Opened when the first stage starts: a run that has nothing to do shows no tree and loads nothing for it. */
  #opening: Promise<LiveTree> | undefined;
  #tree: LiveTree | undefined;

  constructor(output: Output, { samples = false }: ReporterOptions = {}) {
    this.#output = output;
    this.#paint = paintFor(output);
    this.#samples = samples;
  }

  report(event: RunEvent): void {
    this.#state.apply(event);
    if (isToldAbove(event, this.#samples)) this.#write(eventLines(event, this.#state, this.#paint));
    if (event.type === 'stage-started') this.#opening ??= this.#open();
  }

  async close(): Promise<void> {
    const tree = await this.#opening;
    await tree?.close();
    const summary = summaryLines(this.#state, this.#paint);
    const lines = tree === undefined ? [...this.#waiting, ...summary] : ['', ...summary];
    show(this.#output, ...lines);
  }

  #write(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (this.#tree === undefined) this.#waiting.push(...lines);
    else this.#tree.write(rendered(lines.join('\n')));
  }

  async #open(): Promise<LiveTree> {
    const { LiveTree } = await import('./live-tree.ts');
    this.#tree = new LiveTree(this.#output, (size) => this.#lines(size));
    this.#write(this.#waiting.splice(0));
    return this.#tree;
  }

  #lines({ columns, rows }: Size): readonly string[] {
    // An empty line sets the tree off from what the stages say.
    const view = { columns, rows: rows - 1, now: Date.now(), paint: this.#paint };
    return ['', ...treeLines(this.#state, view).map(rendered)];
  }
}

/** The tree shows the state of the stages; the rest is told in lines. */
function isToldAbove(event: RunEvent, samples: boolean): boolean {
  return (
    (event.type === 'stage-log' && (samples || event.level !== 'sample')) ||
    event.type === 'stage-explained' ||
    event.type === 'tidied' ||
    event.type === 'run-stopping' ||
    event.type === 'stage-retrying' ||
    event.type === 'stage-displaced' ||
    event.type === 'cache-problem' ||
    event.type === 'engine-chosen' ||
    event.type === 'input-recorded' ||
    event.type === 'run-started'
  );
}
