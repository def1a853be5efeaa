import { constants } from 'node:buffer';
import { isObject } from '../../contract/json.ts';
import { StageError } from '../../contract/stage-context.ts';
import { isTurns } from '../turns.ts';
import type { DataSource, FileItem } from './data-source.ts';
import { jsonFault } from './json-fault.ts';

/** Objects inside of objects that are looked through for the records. */
const DEEPEST = 4;
const KEYS_SHOWN = 8;

const LINES_HINT =
  'Give JSON Lines, one object a line, which have no limit. In pandas: df.to_json(FILE, orient="records", lines=True); with jq: jq -c ".[]" FILE';

/**
 * The items of one JSON text: an array; an object that holds the one array of objects, or names it by `records`; or one
 * with a column in each key, as pandas writes it. Throws StageError with line and column of what is no JSON, and for a
 * text longer than strings can be.
 */
export async function* jsonItems(
  source: DataSource,
  pieces: AsyncIterable<string>,
): AsyncGenerator<FileItem> {
  const value = parsed(source, await whole(source, pieces));
  for (const item of itemsIn(value, source)) yield { value: item };
}

async function whole({ name }: DataSource, pieces: AsyncIterable<string>): Promise<string> {
  const all: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    all.push(piece);
    length += piece.length;
    if (length > constants.MAX_STRING_LENGTH) {
      const most = Math.round(constants.MAX_STRING_LENGTH / 2 ** 20);
      throw new StageError(`${name} is one JSON text of more than ${most} MB, which cannot be read as one.`, {
        hint: LINES_HINT,
      });
    }
  }
  return all.join('');
}

function parsed({ name }: DataSource, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const fault = jsonFault(text);
    const place = fault && `line ${fault.line}, column ${fault.column}: ${fault.reason}`;
    throw new StageError(`${name} is not JSON: ${place}.`, {
      hint: fault?.hint ?? 'Give a JSON array of objects, or one JSON object a line.',
    });
  }
}

function itemsIn(value: unknown, source: DataSource): readonly unknown[] {
  if (source.records !== undefined) return namedArray(value, source.records, source);
  if (Array.isArray(value)) return value;
  if (!isObject(value)) {
    throw new StageError(`${source.name} is a single JSON value, not an array of objects.`);
  }
  return columns(value) ?? innerArray(value, source) ?? [value];
}

function namedArray(value: unknown, path: string, { name }: DataSource): readonly unknown[] {
  const found = path.split('.').reduce<unknown>((inner, key) => Object(inner)[key], value);
  if (Array.isArray(found)) return found;
  throw new StageError(`${name} has no array at \`records: ${path}\`.`, {
    hint: isObject(value) ? `It is one object with ${keysOf(value)}.` : 'Leave `records` out.',
  });
}

/** The rows of a table that is given by column: {column: [value, …]} or {column: {"0": value, …}}. */
function columns(value: object): readonly object[] | undefined {
  const all = Object.entries(value);
  const [first] = all;
  if (!first || isTurns(first[1])) return undefined;
  const rows = rowNames(first[1]);
  const sameRows = (column: unknown) => {
    const names = rowNames(column);
    return names?.length === rows?.length && names?.every((name, place) => name === rows?.[place]);
  };
  if (!rows || rows.length === 0 || !all.every(([, column]) => sameRows(column))) return undefined;
  // Arrays of objects are records in a wrapper.
  if (all.every(([, column]) => Array.isArray(column) && isRecords(column))) return undefined;
  return rows.map((row) => Object.fromEntries(all.map(([name, column]) => [name, Object(column)[row]])));
}

/** What pandas calls the index of a column, as it is written in JSON. */
function rowNames(column: unknown): readonly string[] | undefined {
  if (Array.isArray(column)) return column.map((_, place) => String(place));
  if (!isObject(column)) return undefined;
  const names = Object.keys(column);
  return names.every((name) => /^\d+$/.test(name)) ? names : undefined;
}

/** The one array of objects that a wrapper holds; undefined for an object that is an item itself. */
function innerArray(value: object, { name, hasSettings }: DataSource): readonly unknown[] | undefined {
  const found = arraysIn(value, [], DEEPEST);
  const depth = Math.min(...found.map(({ path }) => path.length));
  const nearest = found.filter(({ path }) => path.length === depth);
  if (nearest.length <= 1) return nearest[0]?.items;
  const paths = nearest.map(({ path }) => path.join('.'));
  throw new StageError(`${name} is one JSON object with several arrays of objects: ${paths.join(', ')}.`, {
    hint: hasSettings ? `Say which has the records: \`records: ${paths[0]}\`.` : 'Give the array alone.',
  });
}

interface Found {
  readonly path: readonly string[];
  readonly items: readonly unknown[];
}

function arraysIn(value: object, path: readonly string[], depth: number): readonly Found[] {
  return Object.entries(value).flatMap(([key, inner]): readonly Found[] => {
    const here = [...path, key];
    if (Array.isArray(inner)) return isRecords(inner) ? [{ path: here, items: inner }] : [];
    return isObject(inner) && depth > 1 ? arraysIn(inner, here, depth - 1) : [];
  });
}

/** Objects that are not the turns of one conversation. */
function isRecords(values: readonly unknown[]): boolean {
  return values.length > 0 && values.every(isObject) && !isTurns(values);
}

function keysOf(value: object): string {
  const keys = Object.keys(value);
  const more = keys.length > KEYS_SHOWN ? ', …' : '';
  return keys.length === 0 ? 'nothing in it' : `${keys.slice(0, KEYS_SHOWN).join(', ')}${more}`;
}
