import { DefaultRenderer, Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Output } from '../terminal/output.ts';

/**
 * The bottom of a terminal, drawn again and again by listr2 until it is closed; what else is written goes above it.
 * The whole run is one task to listr2: its own lines cannot show a stage that waits, and do not fit a low terminal.
 */
export class LiveTree {
  readonly #terminal: ProcessOutput;
  readonly #clear: () => void;
  readonly #finish: () => void;
  readonly #ended: Promise<unknown>;

  /** `lines` gives the tree as it is to be drawn now. */
  constructor(output: Output, lines: () => readonly string[]) {
    // A terminal in all that is used of it: write, columns, rows.
    const stream = output as NodeJS.WriteStream;
    this.#terminal = new ProcessOutput(stream, stream);
    const drawing: { renderer?: StageRenderer } = {};
    class StageRenderer extends DefaultRenderer {
      /** That this is a terminal was found out before, from the stream that is written to. */
      static override readonly nonTTY = true;
      override async render(): Promise<void> {
        drawing.renderer = this;
        await super.render();
      }
      override create(): string {
        return lines().join('\n');
      }
      clear(): void {
        // biome-ignore lint/complexity/useLiteralKeys: listr2 keeps it private, and has no other way to write above a tree.
        this['updater']?.clear();
      }
    }
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.#finish = finish;
    this.#clear = () => drawing.renderer?.clear();
    this.#ended = new Listr([{ title: 'run', task: () => finished }], {
      renderer: StageRenderer,
      rendererOptions: { logger: new ListrLogger({ processOutput: this.#terminal }) },
      // The command line answers signals: a run is to be cancelled, not cut off.
      registerSignalListeners: false,
    }).run();
  }

  /** Writes lines that stay, above the tree. */
  write(text: string): void {
    this.#clear();
    this.#terminal.toStdout(text);
  }

  /** Leaves the last drawing where it is and gives the terminal back. */
  async close(): Promise<void> {
    this.#finish();
    await this.#ended;
  }
}
