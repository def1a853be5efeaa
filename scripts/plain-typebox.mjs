// The part of TypeBox that pipe's schemas use, as plain JSON Schema without what TypeBox hides in a schema. In dist/ it
// stands in for TypeBox, which takes 8 ms to load; the build fails if the schema of a stage type comes out differently.

/** Marks an optional property. JSON does not show it. */
const OPTIONAL = Symbol('optional');

const kind = (type) => (options) => ({ ...options, type });

export const Type = {
  String: kind('string'),
  Number: kind('number'),
  Integer: kind('integer'),
  Boolean: kind('boolean'),
  Null: kind('null'),
  Any: (options) => ({ ...options }),
  Unknown: (options) => ({ ...options }),
  Unsafe: (schema) => ({ ...schema }),
  Literal: (value, options) => ({ ...options, const: value, type: typeof value }),
  Union: (anyOf, options) => ({ ...options, anyOf }),
  Array: (items, options) => ({ ...options, type: 'array', items }),
  Tuple: (items, options) => ({
    ...options,
    type: 'array',
    items,
    additionalItems: false,
    minItems: items.length,
  }),
  Optional: (schema) => ({ ...schema, [OPTIONAL]: true }),
  Object(properties, options) {
    const required = Object.keys(properties).filter((name) => properties[name][OPTIONAL] !== true);
    return { ...options, type: 'object', ...(required.length > 0 && { required }), properties };
  },
  Record: (key, value, options) => ({
    ...options,
    type: 'object',
    patternProperties: { [key.pattern ?? '^.*$']: value },
  }),
};
