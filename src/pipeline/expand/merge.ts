import type { MapValue, Value } from '../yaml/value.ts';

/**
 * Lays `over` on `base`: maps merge key by key, everything else (lists too) replaces. `null` removes a key of
 * the base (JSON Merge Patch, RFC 7396). Keys of the base come first, in its order. Places stay those of the
 * file that wrote the value.
 */
export function mergeMaps(base: MapValue, over: MapValue): MapValue {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    if (below !== undefined && isNull(entry.value)) entries.delete(key);
    else
      entries.set(
        key,
        below === undefined ? entry : { ...entry, value: mergeValues(below.value, entry.value) },
      );
  }
  return { ...over, entries };
}

function mergeValues(base: Value, over: Value): Value {
  return base.kind === 'map' && over.kind === 'map' ? mergeMaps(base, over) : over;
}

/** Whether a value is YAML's `null`, which removes what it is laid over. */
export function isNull(value: Value): boolean {
  return value.kind === 'scalar' && value.value === null;
}
