/** Where a text stops to be JSON, and what is wrong there. */
export interface JsonFault {
  /** From 1, as editors count. */
  readonly line: number;
  readonly column: number;
  readonly reason: string;
  /** What to do about it, where it is a known mistake. */
  readonly hint?: string;
}

/**
 * The first fault of a text that JSON.parse has refused: V8 gives no place, or another one in every version. Undefined for
 * valid JSON.
 */
export function jsonFault(text: string): JsonFault | undefined {
  const scanner = new Scanner(text);
  try {
    scanner.toEnd();
    return undefined;
  } catch (error) {
    if (!(error instanceof Misplaced)) throw error;
    return { ...scanner.place(), reason: error.message, ...(error.hint && { hint: error.hint }) };
  }
}

const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;
const BLANK = /[ \t\r\n]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const SHOWN = 20;

/** What people and programs write in the place of a value of JSON: how it looks, what is wrong, and what to do. */
const NO_VALUES: readonly (readonly [pattern: RegExp, reason: string, hint: string])[] = [
  [
    /[+-]?(?:NaN|nan|Infinity|inf)\b/y,
    'is not JSON',
    'Write null for it. In pandas: df.astype(object).where(df.notna(), None) before to_json or to_dict; json.dumps finds such values with allow_nan=False.',
  ],
  [/(?:None|True|False)\b/y, 'is Python, not JSON', 'Write it with json.dumps.'],
  [/'/y, 'is no quote of JSON, which has double ones', 'Write it with json.dumps, not with str().'],
];

const OBJECTS_HINT = 'Write one JSON object a line, such as with jq: jq -c . FILE > LINES';
const BYTE_ORDER_MARK = '\uFEFF';
const MARK_HINT =
  'Files that each begin with one were joined. Remove it: sed "s/\\xEF\\xBB\\xBF//" FILE > CLEANED';

/** What is wrong where a scanner stands. */
class Misplaced extends Error {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** Goes through a JSON text. Not recursive: texts may be nested deeper than calls can be. */
class Scanner {
  readonly #text: string;
  #at = 0;
  /** What ends the arrays and objects that are open. */
  readonly #open: ('}' | ']')[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Throws Misplaced at the first fault. */
  toEnd(): void {
    this.#value();
    while (this.#open.length > 0) this.#afterValue(this.#open.at(-1)!);
    this.#skip(BLANK);
    if (this.#at < this.#text.length)
      throw new Misplaced(
        `${this.#here()} follows the end of the JSON text`,
        this.#text[this.#at] === '{' ? OBJECTS_HINT : undefined,
      );
  }

  /** Line and column of where it stands. */
  place(): Pick<JsonFault, 'line' | 'column'> {
    const before = this.#text.slice(0, this.#at);
    let line = 1;
    for (let end = before.indexOf('\n'); end >= 0; end = before.indexOf('\n', end + 1)) line += 1;
    return { line, column: this.#at - before.lastIndexOf('\n') };
  }

  /** A value, or the beginning of arrays and objects and what is first in the innermost. */
  #value(): void {
    for (let sign = this.#next(); sign === '{' || sign === '['; sign = this.#next()) {
      const end = sign === '{' ? '}' : ']';
      this.#open.push(end);
      this.#at += 1;
      if (this.#next() === end) {
        this.#end();
        return;
      }
      if (end === '}') this.#key();
    }
    if (this.#next() === '"') this.#quoted();
    else if (!this.#skip(LITERAL)) throw this.#noValue();
  }

  #afterValue(end: '}' | ']'): void {
    const sign = this.#next();
    if (sign === end) {
      this.#end();
      return;
    }
    if (sign !== ',') throw this.#missing(`a comma or ${end}`);
    this.#at += 1;
    const next = this.#next();
    if (next === '}' || next === ']')
      throw new Misplaced(`a comma stands before ${next}, where JSON allows none`);
    if (end === '}') this.#key();
    this.#value();
  }

  #key(): void {
    if (this.#next() !== '"') {
      const [, reason, hint] = NO_VALUES.find(([pattern]) => this.#matches(pattern)) ?? [];
      throw reason
        ? new Misplaced(`${this.#here()} ${reason}`, hint)
        : this.#missing('a key in double quotes');
    }
    this.#quoted();
    if (this.#next() !== ':') throw this.#missing('a colon');
    this.#at += 1;
  }

  #quoted(): void {
    const start = this.#at;
    for (this.#at += 1; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) {
        this.#at += 1;
        return;
      }
      if (code < 0x20) {
        const what = code === 0x0a || code === 0x0d ? 'a line break' : 'a control character';
        throw new Misplaced(`${what} stands in a text; JSON writes it as an escape such as \\n`);
      }
      if (code !== 0x5c) continue;
      if (!this.#skip(ESCAPE)) throw new Misplaced(`${this.#here()} is no escape of JSON`);
      this.#at -= 1;
    }
    this.#at = start;
    throw new Misplaced('the text that begins here is never closed: the file may be cut off');
  }

  #noValue(): Misplaced {
    if (this.#text[this.#at] === BYTE_ORDER_MARK)
      return new Misplaced('a byte order mark (U+FEFF) stands within the text', MARK_HINT);
    for (const [pattern, reason, hint] of NO_VALUES) {
      const found = this.#matches(pattern);
      if (found !== undefined) return new Misplaced(`${found} ${reason}`, hint);
    }
    return this.#missing('a value');
  }

  #missing(what: string): Misplaced {
    return this.#at < this.#text.length
      ? new Misplaced(`${what} is missing before ${this.#here()}`)
      : new Misplaced('it ends too early: the file may be cut off');
  }

  #end(): void {
    this.#open.pop();
    this.#at += 1;
  }

  /** The next character that is no white space. */
  #next(): string | undefined {
    this.#skip(BLANK);
    return this.#text[this.#at];
  }

  #matches(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #skip(pattern: RegExp): boolean {
    const found = this.#matches(pattern);
    this.#at += found?.length ?? 0;
    return found !== undefined;
  }

  #here(): string {
    const beginning = this.#text.slice(this.#at, this.#at + SHOWN).split(/[\r\n]/, 1)[0]!;
    return JSON.stringify(beginning.toWellFormed());
  }
}
