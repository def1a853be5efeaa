import { canonicalJson } from '../../contract/canonical-json.ts';
import type { Json } from '../../contract/json.ts';
import { digestOfBytes } from '../../files/digest.ts';
import { get, textOf, toJson, type Value } from '../yaml/value.ts';

/** An object or a list with a longer text is named by its digest. */
const LONGEST = 40;
const DIGEST_LENGTH = 8;

/**
 * Short text of a swept value. An object is called by its `name`, if it has one that is a text; without one by its JSON, or
 * if that is long, by a part of its digest, as lists are. A text that could be mistaken for another value, or for the label's own signs, is
 * quoted.
 */
export function labelOf(value: Value): string {
  return labelOfJson(textOf(get(value, 'name')) ?? toJson(value));
}

function labelOfJson(json: Json): string {
  if (typeof json !== 'string') {
    const text = JSON.stringify(json);
    if (text.length <= LONGEST || typeof json !== 'object') return text;
    const digest = digestOfBytes(canonicalJson(json)).slice(0, DIGEST_LENGTH);
    return `${Array.isArray(json) ? 'list' : 'object'}-${digest}`;
  }
  const isPlain = /^[A-Za-z_./~-][\w./~ :@+-]*$/.test(json) && !['true', 'false', 'null'].includes(json);
  return isPlain ? json : JSON.stringify(json);
}
