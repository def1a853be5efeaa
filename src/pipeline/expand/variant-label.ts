import { toJson, type Value } from '../yaml/value.ts';

/** Short text of a swept value; a text that could be mistaken for another value, or for the label's own signs, is quoted. */
export function labelOf(value: Value): string {
  const json = toJson(value);
  if (typeof json !== 'string') return JSON.stringify(json);
  const isPlain = /^[A-Za-z_./~-][\w./~ :@+-]*$/.test(json) && !['true', 'false', 'null'].includes(json);
  return isPlain ? json : JSON.stringify(json);
}
