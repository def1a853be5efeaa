import { stripVTControlCharacters } from 'node:util';
import { columnsOf } from '../terminal/display-width.ts';

/** Of a terminal, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const ERASE_ROW_ABOVE = '\x1b[1A\x1b[2K';

/**
 * What a terminal makes of lines at its bottom when its size changes, as most terminals do: in a narrower one a line breaks
 * into several rows; from a lower one the first rows move out at the top, and come back when it grows.
 */
export class DrawnRows {
  #lines: readonly string[] = [];
  #size: Size | undefined;
  /** Rows that have moved out at the top, right above what is seen. */
  #outside = 0;

  /** Whether anything was drawn for a terminal of another size. */
  isOfAnotherSize({ columns, rows }: Size): boolean {
    return this.#size !== undefined && (this.#size.columns !== columns || this.#size.rows !== rows);
  }

  /** Lines were drawn, none of them wider than the terminal; the cursor is in the row below them. */
  note(lines: readonly string[], size: Size): void {
    this.#lines = lines;
    this.#size = size;
  }

  /** Something else was written since: what has moved out stays there. */
  forget(): void {
    this.#lines = [];
    this.#size = undefined;
    this.#outside = 0;
  }

  /**
   * What erases the rest of the drawn lines in a terminal that now has some size, when as many rows as there were lines have
   * been erased and the cursor is in the first of them.
   */
  eraseRest(now: Size): string {
    const before = this.#size;
    if (before === undefined) return '';
    const rows = this.#lines.reduce((sum, line) => sum + rowsOf(line, now.columns), 0);
    const back = Math.min(this.#outside, Math.max(0, now.rows - before.rows));
    const movedOut = Math.max(0, rows + 1 - now.rows);
    this.#outside += movedOut - back;
    const left = rows - this.#lines.length + back - movedOut;
    this.#lines = [];
    this.#size = now;
    return ERASE_ROW_ABOVE.repeat(Math.max(0, left));
  }
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(columnsOf(stripVTControlCharacters(line)) / columns));
}
