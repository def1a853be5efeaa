import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import type { Json } from './json.ts';

// Documents that pipe prints or stores are declared once, as schemas: their types, the published JSON Schemas and the
// checks of tests come from them. Only types are imported from such a file where time to start counts.

/** The type of a document, as whoever reads it sees it. */
export type Described<Shape extends TSchema> = DeepReadonly<Static<Shape>>;

type DeepReadonly<T> = Json extends T
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;

/** An object with these properties and no others. */
export function exact<Properties extends TProperties>(properties: Properties, description?: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });
}

export function oneOf<const Values extends readonly string[]>(values: Values, description?: string) {
  const anyOf = values.map((value) => Type.Literal(value));
  return Type.Unsafe<Values[number]>({ ...(description === undefined ? {} : { description }), anyOf });
}

export function mapOf<Value extends TSchema>(value: Value) {
  return Type.Record(Type.String(), value);
}

/** Any JSON value. */
export function anyJson(description?: string) {
  return Type.Unsafe<Json>(description === undefined ? {} : { description });
}

export const bytesShape = Type.Integer({ minimum: 0, description: 'bytes' });
export const digestShape = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'sha256' });
export const millisecondsShape = Type.Number({ minimum: 0, description: 'milliseconds' });
export const timeShape = Type.String({ description: 'ISO 8601, UTC' });
