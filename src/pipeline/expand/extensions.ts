import type { Value } from '../yaml/value.ts';

/** A map without its keys `x-…`, which are a place for anchors and notes and mean nothing themselves. */
export function withoutExtensions<Kind extends Value>(value: Kind): Kind {
  if (value.kind !== 'map') return value;
  const entries = [...value.entries].filter(([key]) => !key.startsWith('x-'));
  return entries.length === value.entries.size ? value : { ...value, entries: new Map(entries) };
}
