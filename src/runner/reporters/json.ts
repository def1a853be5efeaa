import type { RunEvent } from '../events.ts';
import type { Output, Reporter } from './reporter.ts';
import { visibleJson } from './show.ts';

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
