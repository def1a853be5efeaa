import type { RunEvent } from '../runner/events/run-event.ts';
import type { Output } from '../terminal/output.ts';
import { noPaint } from '../terminal/paint.ts';
import { show } from '../terminal/show.ts';
import { eventLines } from './event-lines.ts';
import type { Reporter } from './reporter.ts';
import { RunState } from './run-state.ts';
import { summaryLines } from './summary.ts';

/**
 * For GitHub Actions: what a stage said is in a foldable group, written when it finishes; failures and warnings are
 * annotations.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export class GithubReporter implements Reporter {
  readonly #output: Output;
  readonly #state = new RunState();
  /** Lines of the stages that are not finished, by stage. */
  readonly #held = new Map<string, string[]>();

  constructor(output: Output) {
    this.#output = output;
  }

  report(event: RunEvent): void {
    this.#state.apply(event);
    const lines = eventLines(event, this.#state, noPaint).map(defuse);
    switch (event.type) {
      case 'stage-progress':
      case 'stage-retrying':
      case 'stage-waiting':
        this.#hold(event.stage, lines);
        return;
      case 'stage-log':
        this.#hold(event.stage, lines);
        if (event.level === 'warning') this.#write([annotation('warning', event.stage, event)]);
        return;
      case 'stage-finished':
        this.#finish(event, lines);
        return;
      case 'preflight-failed':
        this.#write(event.problems.map((problem) => annotation('error', problem.stage, problem)));
        return;
      case 'run-finished':
        this.#write(['', ...summaryLines(this.#state, noPaint).map(defuse)]);
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
    const held = this.#held.get(event.stage) ?? [];
    this.#held.delete(event.stage);
    if (held.length > 0) this.#write([`::group::${data(event.stage)}`, ...held, '::endgroup::']);
    this.#write(lines);
    if (event.outcome === 'failed') {
      this.#write([annotation('error', event.stage, event.error ?? event.reason)]);
    }
  }

  #write(lines: readonly string[]): void {
    show(this.#output, ...lines);
  }
}

/** `::error title=judge::The server does not answer%0AStart it with ollama serve` */
function annotation(
  level: 'error' | 'warning',
  title: string,
  { message, hint }: { readonly message: string; readonly hint?: string | undefined },
): string {
  return `::${level} title=${property(title)}::${data(hint === undefined ? message : `${message}\n${hint}`)}`;
}

/** Escapes the text of a workflow command. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** Escapes a property of a workflow command, which colons and commas would end. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/**
 * Keeps a text from being obeyed as a command: `::` counts at the start of a line (a stage's lines begin with its name;
 * the summary's may not), and `##[` anywhere.
 */
function defuse(line: string): string {
  return line.replaceAll('##[', '## [').replace(/^([ \t]*):(?=:)/gm, '$1:\u200b');
}
