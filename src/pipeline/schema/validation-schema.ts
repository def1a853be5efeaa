import type { SettingMarks } from '../../contract/settings.ts';

/** A JSON Schema as plain data, by the keywords that pipe reads and writes. TypeBox's schemas are such data. */
export type JsonSchema = { readonly $schema?: string } & {
  readonly [Name in Keyword | keyof SettingMarks]?: unknown;
};

// biome-ignore format: a list of words
type Keyword =
  | '$ref' | 'definitions' | 'title' | 'description' | 'default' | 'examples'
  | 'type' | 'const' | 'enum' | 'pattern' | 'minimum' | 'exclusiveMinimum' | 'maximum' | 'exclusiveMaximum'
  | 'properties' | 'patternProperties' | 'propertyNames' | 'additionalProperties' | 'required' | 'items'
  | 'enumDescriptions' | 'anyOf' | 'allOf' | 'oneOf' | 'if' | 'then' | 'else';

/**
 * The schema that values are checked against, from the one that was written:
 * objects refuse keys that they do not name; a union of constants becomes an `enum`; a union of objects that
 * differ in one constant becomes a choice by that constant, so that only the chosen branch's errors are
 * reported and its defaults are filled in (ajv fills none in under `anyOf`).
 */
export function validationSchema(schema: JsonSchema): JsonSchema {
  const known = made.get(schema) ?? makeValidationSchema(schema);
  made.set(schema, known);
  return known;
}

/** Each stage with a mistake asks for that of its type. */
const made = new WeakMap<JsonSchema, JsonSchema>();

function makeValidationSchema(schema: JsonSchema): JsonSchema {
  const strict = refuseUnknownKeys(mapSubschemas(schema, validationSchema));
  const branches = strict.anyOf as readonly JsonSchema[] | undefined;
  if (branches === undefined) return strict;
  const { anyOf: _, ...rest } = strict;
  if (branches.every(({ const: constant }) => constant !== undefined)) {
    return { ...rest, enum: branches.map(({ const: constant }) => constant) };
  }
  const discriminator = discriminatorOf(branches);
  return discriminator === undefined ? strict : { ...rest, ...choice(discriminator, branches) };
}

/** The property by whose constant the branches of a union can be told apart, if there is one. */
export function discriminatorOf(branches: readonly JsonSchema[]): string | undefined {
  if (branches.length < 2) return undefined;
  const candidates = Object.keys(propertiesOf(branches[0]!));
  return candidates.find((name) => {
    const constants = branches.map((branch) => propertiesOf(branch)[name]?.const);
    return (
      constants.every((constant) => constant !== undefined) && new Set(constants).size === branches.length
    );
  });
}

export function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
}

function choice(discriminator: string, branches: readonly JsonSchema[]): JsonSchema {
  const constants = branches.map((branch) => propertiesOf(branch)[discriminator]!.const);
  return {
    type: 'object',
    required: [discriminator],
    properties: { [discriminator]: { enum: constants } },
    allOf: branches.map((branch, index) => ({
      if: { properties: { [discriminator]: { const: constants[index] } }, required: [discriminator] },
      // biome-ignore lint/suspicious/noThenProperty: `then` is the keyword of JSON Schema
      then: branch,
    })),
  };
}

function refuseUnknownKeys(schema: JsonSchema): JsonSchema {
  const named = schema.properties !== undefined || schema.patternProperties !== undefined;
  return named && schema.type === 'object' && schema.additionalProperties === undefined
    ? { ...schema, additionalProperties: false }
    : schema;
}

const MAPS = ['properties', 'patternProperties'];
const LISTS = ['anyOf', 'allOf', 'oneOf'];

/** A copy of a schema with `change` applied to every schema directly inside it. */
export function mapSubschemas(schema: JsonSchema, change: (inner: JsonSchema) => JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (MAPS.includes(keyword)) {
        const inner = Object.entries(value as Record<string, JsonSchema>);
        return [keyword, Object.fromEntries(inner.map(([name, schema]) => [name, change(schema)]))];
      }
      if (LISTS.includes(keyword)) return [keyword, (value as readonly JsonSchema[]).map(change)];
      if (keyword !== 'items' && keyword !== 'additionalProperties') return [keyword, value];
      if (Array.isArray(value)) return [keyword, value.map(change)];
      return [keyword, typeof value === 'object' ? change(value as JsonSchema) : value];
    }),
  );
}
