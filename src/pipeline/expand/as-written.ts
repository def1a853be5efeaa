import { type JsonSchema, propertiesOf } from '../schema/validation-schema.ts';
import { mapScalars, type Value } from '../yaml/value.ts';

/** Settings with the texts of what their schema marks `asWritten`. */
export function textsAsWritten(settings: Value, schema: JsonSchema): Value {
  if (settings.kind !== 'map') return settings;
  const entries = new Map(settings.entries);
  for (const [name, { asWritten }] of Object.entries(propertiesOf(schema))) {
    const entry = entries.get(name);
    if (asWritten === true && entry !== undefined && entry.value.kind !== 'scalar')
      entries.set(name, { ...entry, value: spelled(entry.value) });
  }
  return { ...settings, entries };
}

/** Numbers and truth values inside a value as the texts that the file has. */
function spelled(value: Value): Value {
  return mapScalars(value, ({ spelling, ...scalar }) => {
    const { value } = scalar;
    return typeof value === 'number' || typeof value === 'boolean'
      ? { ...scalar, value: spelling ?? String(value) }
      : scalar;
  });
}
