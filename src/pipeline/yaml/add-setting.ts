import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isPair, parseDocument, type Range, type YAMLMap } from 'yaml';

/** A value that is added: a text, or texts by name. */
type Added = string | Readonly<Record<string, string>>;

/**
 * Adds a key to the map at `path` of a YAML text, and changes nothing else: comments, order and layout stay. The text that
 * comes out is read again and must say the same and what was added; undefined where no such text is found (there is no map at
 * the path, it has the key, or it is written once and used twice).
 */
export function withSetting(
  text: string,
  path: readonly string[],
  key: string,
  value: Added,
): string | undefined {
  const before = parseDocument(text, { merge: true });
  const map = before.getIn(path, true);
  if (before.errors.length > 0 || !isMap(map) || map.has(key)) return undefined;
  const expected = added(before.toJS(), path, key, value);
  const line = `${key}: ${typeof value === 'string' ? JSON.stringify(value) : flowMap(value)}`;
  const candidates = map.flow
    ? [inFlow(text, map, line)]
    : [afterLast(text, map, line), beforeFirst(text, map, line)];
  return candidates.find((candidate) => candidate !== undefined && says(candidate, expected));
}

function says(text: string, expected: unknown): boolean {
  const document = parseDocument(text, { merge: true });
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), expected);
}

/** A JSON-like value with the key at the path. */
function added(value: unknown, [name, ...rest]: readonly string[], key: string, to: Added): unknown {
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(Object(value)));
  if (name === undefined) copy[key] = typeof to === 'string' ? to : { ...to };
  else copy[name] = added(copy[name], rest, key, to);
  return copy;
}

function flowMap(values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(
    ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return `{ ${pairs.join(', ')} }`;
}

function inFlow(text: string, map: YAMLMap, line: string): string | undefined {
  const end = endOfLast(map) ?? map.range?.[0];
  if (end === undefined) return undefined;
  return map.items.length === 0 ? insert(text, end + 1, ` ${line} `) : insert(text, end, `, ${line}`);
}

/** On a line of its own after the one on which the last pair ends. */
function afterLast(text: string, map: YAMLMap, line: string): string | undefined {
  const end = endOfLast(map);
  const column = columnOf(text, map);
  if (end === undefined || column === undefined) return undefined;
  const newline = text.indexOf('\n', end);
  const lineEnd = newline < 0 ? text.length : newline;
  const at = text[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd;
  return insert(text, at, `${lineBreak(text)}${' '.repeat(column)}${line}`);
}

/** In the place of the first pair, which moves to the next line. */
function beforeFirst(text: string, map: YAMLMap, line: string): string | undefined {
  const column = columnOf(text, map);
  const begin = map.range?.[0];
  if (begin === undefined || column === undefined) return undefined;
  return insert(text, begin, `${line}${lineBreak(text)}${' '.repeat(column)}`);
}

function columnOf(text: string, { range }: { readonly range?: Range | null }): number | undefined {
  return range ? range[0] - (text.lastIndexOf('\n', range[0] - 1) + 1) : undefined;
}

/** Where the value of the last pair ends. */
function endOfLast({ items }: YAMLMap): number | undefined {
  const last = items.at(-1);
  if (!isPair(last)) return undefined;
  const node = isNode(last.value) ? last.value : last.key;
  return isNode(node) ? node.range?.[1] : undefined;
}

function lineBreak(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function insert(text: string, at: number, what: string): string {
  return text.slice(0, at) + what + text.slice(at);
}
