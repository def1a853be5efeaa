import { stripVTControlCharacters } from 'node:util';
import { columnsOf } from '../terminal/display-width.ts';

/** No terminal has more rows. */
const MOST = 1000;

/** The last lines that were written to a terminal, to write them again. */
export class RecentLines {
  #lines: string[] = [];

  /** `text`: whole lines. */
  add(text: string): void {
    this.#lines = [...this.#lines, ...text.split('\n')].slice(-MOST);
  }

  /** As many of the last lines as fit into some rows of a terminal. */
  fitting(columns: number, rows: number): readonly string[] {
    let left = rows;
    const first = this.#lines.findLastIndex((line) => {
      left -= rowsOf(line, columns);
      return left < 0;
    });
    return this.#lines.slice(first + 1);
  }
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(columnsOf(stripVTControlCharacters(line)) / columns));
}
