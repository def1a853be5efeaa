import { logTail } from '../runner/events/log-tail.ts';
import type { RunEvent } from '../runner/events/run-event.ts';
import type { Output } from '../terminal/output.ts';
import { noPaint } from '../terminal/paint.ts';
import { show } from '../terminal/show.ts';
import { annotation, data, type PlaceOf } from './annotation.ts';
import { eventLines } from './event-lines.ts';
import { ProgressPace } from './progress-pace.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { RunState } from './run-state.ts';
import { summaryLines } from './summary.ts';

/**
 * For GitHub Actions: progress is reported now and then; what a stage said and printed is in a foldable group, written when
 * it finishes; failures and warnings are annotations.
 */
export class GithubReporter implements Reporter {
  readonly #output: Output;
  readonly #placeOf: PlaceOf;
  readonly #state = new RunState();
  /** Lines of the stages that are not finished, by stage. */
  readonly #held = new Map<string, string[]>();
  readonly #pace = new ProgressPace();

  constructor(output: Output, { placeOf = () => undefined }: ReporterOptions = {}) {
    this.#output = output;
    this.#placeOf = placeOf;
  }

  report(event: RunEvent): void {
    this.#state.apply(event);
    if (!this.#pace.isDue(event, this.#state)) return;
    const lines = eventLines(event, this.#state, noPaint).map(defuse);
    switch (event.type) {
      case 'stage-log':
        this.#hold(event.stage, lines);
        if (event.level === 'warning') this.#annotate('warning', event.stage, event);
        return;
      case 'stage-finished':
        this.#finish(event, lines);
        return;
      case 'preflight-failed':
        for (const problem of event.problems) this.#annotate('error', problem.stage, problem);
        return;
      case 'run-finished':
        this.#write(['', ...summaryLines(this.#state, noPaint, 'first-lines').map(defuse)]);
        return;
      default:
        this.#write(lines);
    }
  }

  async close(): Promise<void> {}

  #hold(stage: string, lines: readonly string[]): void {
    const held = this.#held.get(stage) ?? [];
    held.push(...lines);
    this.#held.set(stage, held);
  }

  #finish(event: Extract<RunEvent, { type: 'stage-finished' }>, lines: readonly string[]): void {
    const printed = event.log === undefined ? [] : logTail(event.log);
    const held = [
      ...(this.#held.get(event.stage) ?? []),
      ...printed.map((line) => defuse(`${event.stage}  ${line}`)),
    ];
    this.#held.delete(event.stage);
    if (held.length > 0) this.#write([`::group::${data(event.stage)}`, ...held, '::endgroup::']);
    this.#write(lines);
    if (event.outcome === 'failed') {
      this.#annotate('error', event.stage, event.error ?? event.reason);
    }
  }

  #annotate(level: 'error' | 'warning', stage: string, said: Parameters<typeof annotation>[2]): void {
    this.#write([annotation(level, stage, said, this.#placeOf(stage))]);
  }

  #write(lines: readonly string[]): void {
    show(this.#output, ...lines);
  }
}

/**
 * Keeps a text from being obeyed as a command: `::` counts at the start of a line (a stage's lines begin with its name;
 * the summary's may not), and `##[` anywhere.
 */
function defuse(line: string): string {
  return line.replaceAll('##[', '## [').replace(/^([ \t]*):(?=:)/gm, '$1:\u200b');
}
