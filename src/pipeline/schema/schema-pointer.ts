import type { Path } from '../yaml/value.ts';
import type { JsonSchema } from './validation-schema.ts';
import type { SchemaError } from './validator.ts';

/** The part of a schema that ajv's `schemaPath` names, without its last `drop` steps. */
export function schemaAt(schema: JsonSchema, schemaPath: string, drop = 0): JsonSchema {
  const steps = schemaPath.split('/').slice(1);
  return steps
    .slice(0, steps.length - drop)
    .reduce<JsonSchema>(
      (inner, step) =>
        (inner[unescapePointer(decodeURIComponent(step)) as keyof JsonSchema] ?? {}) as JsonSchema,
      schema,
    );
}

/** The path that ajv's `instancePath` (a JSON pointer, RFC 6901) stands for. */
export function pathOf({ instancePath }: SchemaError): Path {
  return instancePath.split('/').slice(1).map(unescapePointer);
}

function unescapePointer(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** `resources.memory`, `env[0]`. */
export function pathName(path: Path): string {
  return path.reduce(
    (name, step) => (/^\d+$/.test(step) ? `${name}[${step}]` : name === '' ? step : `${name}.${step}`),
    '',
  );
}
