import type { RunEvent } from '../runner/events/run-event.ts';
import type { Output } from '../terminal/output.ts';
import { visibleJson } from '../terminal/show.ts';
import type { Reporter } from './reporter.ts';

/** The events themselves, one a line (schemas/run-event.schema.json). */
export class JsonReporter implements Reporter {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  report(event: RunEvent): void {
    this.#output.write(`${visibleJson(event)}\n`);
  }

  async close(): Promise<void> {}
}
