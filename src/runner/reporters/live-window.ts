import { createLogUpdate } from 'log-update';
import type { Output } from './reporter.ts';

/** The bottom of a terminal, redrawn in place; everything else is written above it. */
export class LiveWindow {
  readonly #window: ReturnType<typeof createLogUpdate>;

  constructor(output: Output) {
    // A terminal in all that is used of it: write, columns, rows.
    this.#window = createLogUpdate(output as NodeJS.WriteStream);
  }

  draw(lines: readonly string[]): void {
    this.#window(lines.join('\n'));
  }

  /** Writes lines that stay, above the window. */
  write(lines: readonly string[]): void {
    if (lines.length > 0) this.#window.persist(lines.join('\n'));
  }

  /** Leaves the last drawing where it is and gives the cursor back. */
  close(): void {
    this.#window.done();
  }
}
