import type { Json } from './json.ts';

/**
 * The one JSON text of a value by RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785): keys sorted by UTF-16
 * code units, numbers as ECMAScript prints them, no white space. Throws a TypeError naming the place of what
 * JSON cannot hold: numbers that are not finite, strings with a lone surrogate, undefined.
 */
export function canonicalJson(value: Json): string {
  return textOf(value, []);
}

/** Keys and indices on the way from the root to a value. */
type Path = (string | number)[];

/** One walk that also refuses what JSON.stringify would drop, write as null, or write as text that UTF-8 cannot carry. */
function textOf(value: unknown, path: Path): string {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw halfPair(place(path));
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? textOfArray(value, path) : textOfObject(value, path);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${place(path)} is ${value}: JSON has no such number`);
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    default:
      throw new TypeError(`${place(path)} is ${typeof value}: JSON has no such value`);
  }
}

function textOfArray(values: readonly unknown[], path: Path): string {
  let text = '[';
  // By index: forEach would skip the holes of a sparse array.
  for (let index = 0; index < values.length; index++) {
    path.push(index);
    text += (index > 0 ? ',' : '') + textOf(values[index], path);
    path.pop();
  }
  return `${text}]`;
}

function textOfObject(value: object, path: Path): string {
  let text = '{';
  for (const key of Object.keys(value).sort()) {
    if (!key.isWellFormed()) throw halfPair(`a key of ${place(path)}`);
    path.push(key);
    text += `${(text === '{' ? '' : ',') + JSON.stringify(key)}:${textOf((value as Record<string, unknown>)[key], path)}`;
    path.pop();
  }
  return `${text}}`;
}

function halfPair(place: string): TypeError {
  return new TypeError(`${place} holds half of a surrogate pair: it is not valid Unicode text`);
}

function place(path: Path): string {
  return `$${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')}`;
}
