import { StageError } from '../../contract/stage-context.ts';

/** A field this long is a quote that is never closed. */
const LONGEST_FIELD = 64_000_000;

/** A row of a table: a field without quotes in which nothing stands is null. */
export interface CsvRow {
  readonly fields: readonly (string | null)[];
  /** That it begins in, from 1. */
  readonly line: number;
}

/**
 * The rows of comma-separated values (RFC 4180), read as Python's csv module reads them when it is strict: a quote counts only
 * where a field begins, lines end in any of the three ways, and empty lines are no rows. Throws StageError with the line of
 * a quote that is never closed, and of one after which its field goes on: a quote that was lost or added would otherwise
 * make one row of several.
 */
export async function* csvRows(
  pieces: AsyncIterable<string>,
  delimiter: string,
  name: string,
): AsyncGenerator<CsvRow> {
  const reader = new CsvReader(delimiter, name);
  for await (const piece of pieces) yield* reader.read(piece);
  yield* reader.end();
}

/** Where a reader is: before a field, in a bare or a quoted one, or after a quote that may end a quoted one. */
type State = 'start' | 'bare' | 'quoted' | 'quote';

class CsvReader {
  readonly #delimiter: string;
  readonly #name: string;
  readonly #bareEnd: RegExp;
  #state: State = 'start';
  #field: string[] = [];
  #length = 0;
  #fields: (string | null)[] = [];
  #line = 1;
  #firstLine = 1;
  #quoteLine = 1;
  #afterReturn = false;

  constructor(delimiter: string, name: string) {
    this.#delimiter = delimiter;
    this.#name = name;
    this.#bareEnd = new RegExp(`[\\r\\n${delimiter === '|' ? '\\|' : delimiter}]`, 'g');
  }

  *read(piece: string): Generator<CsvRow> {
    for (let at = 0; at < piece.length; ) {
      if (this.#state === 'quoted') {
        at = this.#readQuoted(piece, at);
        continue;
      }
      const sign = piece[at]!;
      const endsLine = sign === '\r' || (sign === '\n' && !this.#afterReturn);
      this.#afterReturn = sign === '\r';
      if (sign === this.#delimiter) this.#endField();
      else if (sign === '"' && this.#state !== 'bare') this.#quote();
      else if (endsLine) yield* this.#endRow();
      else if (sign !== '\n') {
        at = this.#readBare(piece, at);
        continue;
      }
      at += 1;
    }
  }

  /** Reads up to the quote that may end the field, and past it. */
  #readQuoted(piece: string, at: number): number {
    const end = piece.indexOf('"', at);
    this.#add(piece, at, end < 0 ? piece.length : end);
    if (end < 0) return piece.length;
    this.#state = 'quote';
    this.#afterReturn = false;
    return end + 1;
  }

  #readBare(piece: string, at: number): number {
    if (this.#state === 'quote') throw this.#goesOn();
    this.#bareEnd.lastIndex = at;
    const end = this.#bareEnd.exec(piece)?.index ?? piece.length;
    this.#add(piece, at, end);
    this.#state = 'bare';
    return end;
  }

  /** Where a field begins a quote opens it; right after another one it is a quote of the text. */
  #quote(): void {
    if (this.#state === 'quote') this.#add('"', 0, 1);
    else this.#quoteLine = this.#line;
    this.#state = 'quoted';
  }

  *end(): Generator<CsvRow> {
    if (this.#state === 'quoted') throw this.#neverClosed();
    if (this.#state !== 'start' || this.#fields.length > 0) yield* this.#endRow();
  }

  #add(piece: string, from: number, to: number): void {
    const part = piece.slice(from, to);
    this.#field.push(part);
    this.#length += part.length;
    if (this.#length > LONGEST_FIELD) throw this.#neverClosed();
    if (this.#state !== 'quoted') return;
    // A line end of two characters may come in two pieces.
    const isRest = part.startsWith('\n') && this.#afterReturn;
    this.#line += part.split(/\r\n|\r|\n/).length - (isRest ? 2 : 1);
    this.#afterReturn = part === '' ? this.#afterReturn : part.endsWith('\r');
  }

  #endField(): void {
    this.#fields.push(this.#state === 'start' ? null : this.#field.join(''));
    this.#field = [];
    this.#length = 0;
    this.#state = 'start';
  }

  *#endRow(): Generator<CsvRow> {
    const isEmpty = this.#state === 'start' && this.#fields.length === 0;
    if (!isEmpty) {
      this.#endField();
      yield { fields: this.#fields, line: this.#firstLine };
      this.#fields = [];
    }
    this.#line += 1;
    this.#firstLine = this.#line;
  }

  #neverClosed(): StageError {
    return this.#wrongQuote(`The quote in line ${this.#quoteLine}`, 'is never closed');
  }

  #goesOn(): StageError {
    return this.#wrongQuote(`The field that a quote closes in line ${this.#line}`, 'goes on after it');
  }

  #wrongQuote(what: string, wrong: string): StageError {
    return new StageError(`${what} of ${this.#name.replace(/^The/, 'the')} ${wrong}.`, {
      hint: 'Write a quote within a field twice: "He said ""yes""."',
    });
  }
}
