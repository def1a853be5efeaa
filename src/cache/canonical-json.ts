import canonicalize from 'canonicalize';
import type { Json } from '../contract/json.ts';

// The package is CommonJS with types written for ES modules; what Node imports is the function itself.
const serialize = canonicalize as unknown as (value: Json) => string;

/**
 * The one JSON text of a value by RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785): keys sorted by UTF-16
 * code units, numbers as ECMAScript prints them, no white space. Throws a TypeError naming the place of what
 * JSON cannot hold: numbers that are not finite, strings with a lone surrogate, undefined.
 */
export function canonicalJson(value: Json): string {
  refuseWhatJsonCannotHold(value, '$');
  return serialize(value);
}

/** JSON.stringify would write null for these, drop them, or write text that UTF-8 cannot carry. */
function refuseWhatJsonCannotHold(value: unknown, place: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`${place} is ${value}: JSON has no such number`);
  }
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw new TypeError(`${place} holds half of a surrogate pair: it is not valid Unicode text`);
  }
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return;
  if (typeof value !== 'object') throw new TypeError(`${place} is ${typeof value}: JSON has no such value`);
  if (Array.isArray(value)) {
    // Not forEach: it would skip the holes of a sparse array.
    for (let index = 0; index < value.length; index++) {
      refuseWhatJsonCannotHold(value[index], `${place}[${index}]`);
    }
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    refuseWhatJsonCannotHold(key, `a key of ${place}`);
    refuseWhatJsonCannotHold(inner, `${place}.${key}`);
  }
}
