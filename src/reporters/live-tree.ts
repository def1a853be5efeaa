import { DefaultRenderer, Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Output } from '../terminal/output.ts';
import { DrawnRows, type Size } from './drawn-rows.ts';

/** A terminal also says how large it is before the signal of a change has come. */
type Terminal = Output & { getWindowSize?(): [columns: number, rows: number] };

/**
 * The bottom of a terminal, drawn again and again by listr2 until it is closed; what else is written goes above it.
 * The whole run is one task to listr2: its own lines cannot show a stage that waits, and do not fit a low terminal.
 */
export class LiveTree {
  readonly #terminal: ProcessOutput;
  readonly #clear: () => void;
  readonly #finish: () => void;
  readonly #ended: Promise<unknown>;
  readonly #drawn = new DrawnRows();

  /** `lines` gives the tree as it is to be drawn now, for a terminal of some size. */
  constructor(output: Output, lines: (size: Size) => readonly string[]) {
    // A terminal in all that is used of it: write, columns, rows.
    const stream = output as NodeJS.WriteStream;
    this.#terminal = new ProcessOutput(stream, stream);
    const drawing: { renderer?: StageRenderer } = {};
    const draw = (): string => {
      const size = sizeOf(output);
      if (this.#drawn.isOfAnotherSize(size)) this.#clear();
      const drawn = lines(size);
      this.#drawn.note(drawn, size);
      return drawn.join('\n');
    };
    class StageRenderer extends DefaultRenderer {
      /** That this is a terminal was found out before, from the stream that is written to. */
      static override readonly nonTTY = true;
      override async render(): Promise<void> {
        drawing.renderer = this;
        await super.render();
      }
      override create(): string {
        return draw();
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
    this.#clear = () => {
      drawing.renderer?.clear();
      output.write(this.#drawn.eraseRest(sizeOf(output)));
    };
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
    this.#drawn.forget();
  }

  /** Leaves the last drawing where it is and gives the terminal back. */
  async close(): Promise<void> {
    this.#finish();
    await this.#ended;
  }
}

/** Serial lines and terminals of containers say 0 for a size that they do not know. */
function sizeOf(output: Terminal): Size {
  const [columns, rows] = output.getWindowSize?.() ?? [];
  return {
    // listr2 breaks lines at the width that the stream knows, which is the older one for a moment.
    columns: Math.min(columns || 80, output.columns || columns || 80),
    rows: Math.min(rows || 24, output.rows || rows || 24),
  };
}
