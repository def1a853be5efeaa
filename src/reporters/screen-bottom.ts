import { createLogUpdate } from 'log-update';
import type { Output } from '../terminal/output.ts';
import { RecentLines } from './recent-lines.ts';

/** Of a terminal, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal also says how large it is before the signal of a change has come. */
type Terminal = Output & { getWindowSize?(): [columns: number, rows: number] };

/** Most terminals keep what they clear in what can be scrolled back. */
const CLEAR_SCREEN = '\x1b[2J\x1b[H';
const FRAME_MS = 100;

/**
 * The bottom of a terminal, drawn again and again from `start` to `end`; what else is written goes above it.
 *
 * What a terminal makes of drawn rows when its size changes differs from one to the other: lines break into several rows or
 * are cut, rows move out at the top and come back. So the screen is cleared then, and written anew.
 */
export class ScreenBottom {
  readonly #output: Terminal;
  readonly #lines: (size: Size) => readonly string[];
  readonly #draw: ReturnType<typeof createLogUpdate>;
  #timer: NodeJS.Timeout | undefined;
  readonly #above = new RecentLines();
  /** For which the screen was written last, and which the terminal had at the last look. */
  #written: Size;
  #seen: Size;

  /** `lines` gives what is to be drawn now, for a terminal of some size. */
  constructor(output: Output, lines: (size: Size) => readonly string[]) {
    this.#output = output;
    this.#lines = lines;
    this.#written = this.#seen = sizeOf(output);
    this.#draw = createLogUpdate(this.#sizedOutput());
  }

  start(): void {
    this.#timer = setInterval(() => this.#update(), FRAME_MS);
  }

  /** Writes lines that stay, above what is drawn. */
  write(text: string): void {
    this.#above.add(text);
    this.#draw.clear();
    this.#output.write(`${text}\n`);
  }

  /** Leaves the last drawing where it is and gives the terminal back. */
  end(): void {
    clearInterval(this.#timer);
    this.#seen = sizeOf(this.#output);
    this.#drawNow();
    this.#draw.done();
  }

  /** The terminal in all that log-update uses of it, with the size for which the lines are made. */
  #sizedOutput(): NodeJS.WriteStream {
    const [output, seen] = [this.#output, () => this.#seen];
    const used = {
      isTTY: true,
      write: (text: string) => output.write(text),
      get columns() {
        return seen().columns;
      },
      get rows() {
        return seen().rows;
      },
    };
    return used as NodeJS.WriteStream;
  }

  /** Waits while the size changes: a window that is drawn larger has many sizes. */
  #update(): void {
    const before = this.#seen;
    this.#seen = sizeOf(this.#output);
    if (isSame(this.#seen, before)) this.#drawNow();
  }

  #drawNow(): void {
    const lines = this.#lines(this.#seen);
    if (!isSame(this.#written, this.#seen)) {
      this.#written = this.#seen;
      this.#draw.clear();
      const { columns, rows } = this.#seen;
      // The cursor is in the row below what is drawn.
      const kept = this.#above.fitting(columns, rows - lines.length - 1);
      this.#output.write(CLEAR_SCREEN + kept.map((line) => `${line}\n`).join(''));
    }
    this.#draw(lines.join('\n'));
  }
}

function isSame(a: Size, b: Size): boolean {
  return a.columns === b.columns && a.rows === b.rows;
}

/** Serial lines and terminals of containers say 0 for a size that they do not know. */
function sizeOf(output: Terminal): Size {
  const [columns, rows] = output.getWindowSize?.() ?? [output.columns, output.rows];
  return { columns: columns || 80, rows: rows || 24 };
}
