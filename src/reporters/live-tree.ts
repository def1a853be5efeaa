import { Listr, type ListrRenderer } from 'listr2';
import type { Output } from '../terminal/output.ts';
import { ScreenBottom, type Size } from './screen-bottom.ts';

/**
 * A run as a task of listr2, with a renderer of its own. The renderers that come with listr2 draw for the size that the
 * terminal had at the start, and cannot leave out stages where the terminal has few rows.
 */
export class LiveTree {
  readonly #bottom: ScreenBottom;
  readonly #finish: () => void;
  readonly #ended: Promise<unknown>;

  /** `lines` gives the tree as it is to be drawn now, for a terminal of some size. */
  constructor(output: Output, lines: (size: Size) => readonly string[]) {
    const bottom = new ScreenBottom(output, lines);
    class TreeRenderer implements ListrRenderer {
      /** Whether the output is a terminal was found out before, from the stream that is written to. */
      static readonly nonTTY = true;
      static readonly rendererOptions = {};
      static readonly rendererTaskOptions = {};
      readonly render = () => bottom.start();
      readonly end = () => bottom.end();
    }
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.#bottom = bottom;
    this.#finish = finish;
    this.#ended = new Listr([{ title: 'run', task: () => finished }], {
      renderer: TreeRenderer,
      // The command line answers signals: a run is cancelled, not cut off.
      registerSignalListeners: false,
    }).run();
  }

  /** Writes lines that stay, above the tree. */
  write(text: string): void {
    this.#bottom.write(text);
  }

  /** Leaves the last drawing where it is and gives the terminal back. */
  async close(): Promise<void> {
    this.#finish();
    await this.#ended;
  }
}
