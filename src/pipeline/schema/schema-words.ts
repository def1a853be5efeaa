import { concealCredentials } from '../resolve/url-credentials.ts';
import type { Value } from '../yaml/value.ts';
import type { JsonSchema } from './validation-schema.ts';

/** JSON Schema's types in words. */
export const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object (`key: value` lines)',
  null: 'null',
};

/** What a schema accepts, in a few words. */
export function describeSchema(schema: JsonSchema): string {
  if (schema.piece !== undefined) return `a name in configs/${schema.piece} or an object`;
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.map((choice) => `\`${choice}\``).join(', ')}`;
  const union = (schema.anyOf ?? schema.oneOf) as readonly JsonSchema[] | undefined;
  if (union !== undefined) return [...new Set(union.map(describeSchema))].join(' or ');
  const examples = schema.examples as readonly string[] | undefined;
  const example = examples === undefined ? '' : ` like \`${examples[0]}\``;
  return `${TYPE_WORDS[String(schema.type)] ?? 'any value'}${example}`;
}

/** What a schema accepts and what that is for. */
export function explainSchema(schema: JsonSchema): string {
  const words = describeSchema(schema);
  return schema.description === undefined ? words : `${words}: ${schema.description}`;
}

/** What was found, short enough for a message. */
export function describeFound(value: Value): string {
  if (value.kind === 'list') return value.items.length === 0 ? 'an empty list' : 'a list';
  if (value.kind === 'map') return value.entries.size === 0 ? 'an empty object' : 'an object';
  if (value.value === null) return 'null (nothing is given)';
  if (typeof value.value !== 'string') return `${value.value}`;
  const text = concealCredentials(value.value);
  return `the text ${JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text)}`;
}

/** What to change where a value has the wrong type because of how YAML reads it. */
export function typeHint(expected: string, value: Value): string | undefined {
  if (value.kind !== 'scalar') return undefined;
  const found = value.value;
  if (expected === 'string') return found === null ? undefined : `put it in quotes: "${found}"`;
  if (typeof found !== 'string') return undefined;
  if (expected === 'boolean' && /^(y|yes|n|no|on|off|true|false)$/i.test(found)) {
    return /^(true|false)$/i.test(found) ? 'remove the quotes' : 'YAML 1.2 knows only `true` and `false`';
  }
  if (expected !== 'number' && expected !== 'integer') return undefined;
  const digits = found.replaceAll('_', '').trim();
  if (digits === '' || !Number.isFinite(Number(digits))) return undefined;
  return digits === found ? 'remove the quotes' : `write ${digits}`;
}
