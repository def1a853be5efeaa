/** Where the lines of a text begin. */
export class LineTable {
  readonly #text: string;
  readonly #starts: readonly number[];

  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#text = text;
    this.#starts = starts;
  }

  /** Line and column of an offset, both from 1; columns count UTF-16 code units, as editors do. */
  position(offset: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }

  /** Offset of the first character of a line (from 1). */
  start(line: number): number {
    return this.#starts[line - 1]!;
  }

  /** Offset of a place, as `position` gives it. */
  offsetOf(line: number, column: number): number {
    return (this.#starts[line - 1] ?? this.#text.length) + column - 1;
  }

  /** A line (from 1) without its line break. */
  line(line: number): string {
    return this.#text
      .slice(this.#starts[line - 1], this.#starts[line] ?? this.#text.length)
      .replace(/\r?\n$/, '');
  }
}
