import type { Writable } from 'node:stream';
import type { Json } from '../contract/json.ts';
import type { SecretFilter } from '../contract/stage-context.ts';

/**
 * Fewer bytes occur in any text by chance: to hide them would garble the log, and the gaps would tell the value.
 * They pass, and a warning says so.
 */
const FEWEST_BYTES = 4;

/**
 * The values of the variables that a pipeline declares as secrets, to be taken out of everything that leaves the
 * stage's process in words: each is replaced by `***NAME***`. Hidden are a value as it is, without white space
 * around it, as JSON writes it, and each of its lines, as keys of many lines are printed. What a program encodes
 * or writes into its outputs is beyond us.
 */
export class Secrets {
  /** Names of those that are too short to be hidden; an empty value is not counted. */
  readonly tooShort: readonly string[];
  /** Bytes to hide, one character each (latin1), longest first -> name of the variable. */
  readonly #forms: ReadonlyMap<string, string>;
  readonly #pattern: RegExp;

  constructor(names: readonly string[], environment: Readonly<Record<string, string | undefined>>) {
    const values = names.map((name): [string, string] => [name, (environment[name] ?? '').trim()]);
    const forms = values.flatMap(([name, value]) =>
      formsOf(value).map((form): [string, string] => [asBytes(form), name]),
    );
    const hidden = forms.filter(([form]) => form.length >= FEWEST_BYTES);
    this.tooShort = values
      .filter(([, value]) => value !== '' && asBytes(value).length < FEWEST_BYTES)
      .map(([name]) => name);
    this.#forms = new Map(hidden.sort(([one], [other]) => other.length - one.length));
    this.#pattern = new RegExp([...this.#forms.keys()].map(escaped).join('|') || '(?!)', 'g');
  }

  /** Whether there is anything to hide. */
  get any(): boolean {
    return this.#forms.size > 0;
  }

  hide(text: string): string {
    return this.any ? Buffer.from(this.#hideBytes(asBytes(text)), 'latin1').toString() : text;
  }

  /** A value with the secrets hidden in all its texts; names of properties stay. */
  hideIn<Value extends Json>(value: Value): Value;
  hideIn(value: Json): Json {
    if (typeof value === 'string') return this.hide(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item: Json) => this.hideIn(item));
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.hideIn(item)]));
  }

  /** Hides secrets in a stream of bytes, whatever its chunks. */
  filter(): SecretFilter {
    let held = '';
    return {
      write: (chunk) => {
        const bytes = held + Buffer.from(chunk).toString('latin1');
        const end = this.#decidedUntil(bytes);
        held = bytes.slice(end);
        return Buffer.from(this.#hideBytes(bytes.slice(0, end)), 'latin1');
      },
      end: () => {
        const rest = Buffer.from(this.#hideBytes(held), 'latin1');
        held = '';
        return rest;
      },
    };
  }

  #hideBytes(bytes: string): string {
    return bytes.replaceAll(this.#pattern, (form) => `***${this.#forms.get(form)}***`);
  }

  /** Up to where it is known what is a secret: a longer one may begin after that, and none is cut there. */
  #decidedUntil(bytes: string): number {
    const [longest = ''] = this.#forms.keys();
    let end = Math.max(0, bytes.length - longest.length + 1);
    while (end < bytes.length && !this.#mayBegin(bytes.slice(end))) end++;
    for (const { index, 0: form } of bytes.matchAll(this.#pattern)) {
      if (index < end && end < index + form.length) return index;
    }
    return end;
  }

  #mayBegin(rest: string): boolean {
    return [...this.#forms.keys()].some((form) => form.length > rest.length && form.startsWith(rest));
  }
}

/**
 * Hides secrets in what this process itself prints, uncaught errors included: Node would write those past
 * `stream.write`. What was held back is written when the process exits.
 */
export function hideInOutput(secrets: Secrets, streams: readonly Writable[]): void {
  if (!secrets.any) return;
  for (const stream of streams) hideInStream(secrets, stream);
  process.on('uncaughtException', (error) => {
    console.error(error);
    process.exit(1);
  });
}

type Written = (error?: Error | null) => void;

function hideInStream(secrets: Secrets, stream: Writable): void {
  const filter = secrets.filter();
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, encoding?: BufferEncoding | Written, written?: Written) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : chunk;
    return write(filter.write(bytes), typeof encoding === 'function' ? encoding : written);
  };
  process.on('exit', () => write(filter.end()));
}

function encodingOf(encoding: BufferEncoding | Written | undefined): BufferEncoding {
  return typeof encoding === 'string' ? encoding : 'utf8';
}

function formsOf(value: string): string[] {
  return [value, JSON.stringify(value).slice(1, -1), ...value.split('\n').map((line) => line.trim())];
}

function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function escaped(form: string): string {
  return form.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
