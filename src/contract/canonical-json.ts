import type { Json } from './json.ts';

/**
 * The one JSON text of a value by RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785): keys sorted by UTF-16
 * code units, numbers as ECMAScript prints them, no white space. Throws a TypeError naming the place of what
 * JSON cannot hold: numbers that are not finite, strings with a lone surrogate, undefined.
 */
export function canonicalJson(value: Json): string {
  const text: string[] = [];
  write(value, text, []);
  return text.join('');
}

/** Keys and indices on the way from the root to a value. */
type Path = (string | number)[];

/** One walk that also refuses what JSON.stringify would drop, write as null, or write as text that UTF-8 cannot carry. */
function write(value: unknown, text: string[], path: Path): void {
  if (Array.isArray(value)) writeArray(value, text, path);
  else if (typeof value === 'object' && value !== null) writeObject(value, text, path);
  else text.push(textOfScalar(value, path));
}

function textOfScalar(value: unknown, path: Path): string {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw halfPair(place(path));
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${place(path)} is ${value}: JSON has no such number`);
      return JSON.stringify(value);
    case 'boolean':
    case 'object':
      return String(value); // true, false, null
    default:
      throw new TypeError(`${place(path)} is ${typeof value}: JSON has no such value`);
  }
}

function writeArray(values: readonly unknown[], text: string[], path: Path): void {
  text.push('[');
  // By index: forEach would skip the holes of a sparse array.
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text.push(',');
    path.push(index);
    write(values[index], text, path);
    path.pop();
  }
  text.push(']');
}

function writeObject(value: object, text: string[], path: Path): void {
  const keys = Object.keys(value).sort();
  text.push('{');
  for (const key of keys) {
    if (!key.isWellFormed()) throw halfPair(`a key of ${place(path)}`);
    text.push(key === keys[0] ? '' : ',', JSON.stringify(key), ':');
    path.push(key);
    write((value as Record<string, unknown>)[key], text, path);
    path.pop();
  }
  text.push('}');
}

function halfPair(place: string): TypeError {
  return new TypeError(`${place} holds half of a surrogate pair: it is not valid Unicode text`);
}

function place(path: Path): string {
  return `$${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')}`;
}
