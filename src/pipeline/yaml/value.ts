import type { Json } from '../../contract/json.ts';
import type { Place } from '../diagnostics/diagnostic.ts';

/** A YAML value together with where it was written. Values are never changed, only replaced. */
export type Value = ScalarValue | ListValue | MapValue;

interface Placed {
  readonly place: Place;
  /** Where the value came from, when a template put it here: the parameter's own place. */
  readonly origin?: Place;
}

export interface ScalarValue extends Placed {
  readonly kind: 'scalar';
  readonly value: null | boolean | number | string;
  /** How the file spells a number or truth value that has another text: `3.10`, `0x1F`, `True`. */
  readonly spelling?: string;
}

interface ListValue extends Placed {
  readonly kind: 'list';
  readonly items: readonly Value[];
}

export interface MapValue extends Placed {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  /** Place of the key. */
  readonly key: Place;
  readonly value: Value;
}

/** One step into a value: a key of a map or an index of a list. */
export type Path = readonly string[];

/** The value of `key`, where `value` is a map that has it. */
export function get(value: Value | undefined, key: string): Value | undefined {
  return value?.kind === 'map' ? value.entries.get(key)?.value : undefined;
}

/** The text of a string scalar; undefined for anything else. */
export function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}

/** The number of a scalar; undefined for anything else. */
export function numberOf(value: Value | undefined): number | undefined {
  return value?.kind === 'scalar' && typeof value.value === 'number' ? value.value : undefined;
}

/** Plain JSON of a value; a fresh copy each time, so it may be given to code that changes it. */
export function toJson(value: Value): Json {
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'list') return value.items.map(toJson);
  return Object.fromEntries([...value.entries].map(([key, entry]) => [key, toJson(entry.value)]));
}

export interface Located {
  /** The value at the end of the path, or the last one that exists on the way there. */
  readonly value: Value;
  /** Place of the key that leads to it; undefined at the root and for items of a list. */
  readonly key: Place | undefined;
}

/** Follows a path as far as it exists: settings that came from defaults have no place of their own. */
export function locate(root: Value, path: Path, rootKey?: Place): Located {
  let found: Located = { value: root, key: rootKey };
  for (const step of path) {
    const next = stepInto(found.value, step);
    if (next === undefined) break;
    found = next;
  }
  return found;
}

function stepInto(value: Value, step: string): Located | undefined {
  if (value.kind === 'map') {
    const entry = value.entries.get(step);
    return entry && { value: entry.value, key: entry.key };
  }
  const item = value.kind === 'list' ? value.items[Number(step)] : undefined;
  return item && { value: item, key: undefined };
}

/** A copy of `map` with `key` set; the entry keeps its position where the key exists already. */
export function withEntry(map: MapValue, key: string, entry: Entry): MapValue {
  return { ...map, entries: new Map(map.entries).set(key, entry) };
}

/** A copy of `map` without `key`. */
export function withoutEntry(map: MapValue, key: string): MapValue {
  const entries = new Map(map.entries);
  entries.delete(key);
  return { ...map, entries };
}

/** A copy of a value with every scalar replaced; keys and places stay. */
export function mapScalars(value: Value, replace: (scalar: ScalarValue) => Value): Value {
  if (value.kind === 'scalar') return replace(value);
  if (value.kind === 'list') return { ...value, items: value.items.map((item) => mapScalars(item, replace)) };
  const entries = new Map<string, Entry>();
  for (const [key, entry] of value.entries) {
    entries.set(key, { ...entry, value: mapScalars(entry.value, replace) });
  }
  return { ...value, entries };
}
