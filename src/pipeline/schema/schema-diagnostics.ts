import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { closestName, nameHint } from '../diagnostics/did-you-mean.ts';
import { intentHint } from '../diagnostics/known-intents.ts';
import { type Located, locate, type Value } from '../yaml/value.ts';
import { chooseBranches, isOnlyRequired } from './schema-branches.ts';
import { pathName, pathOf, schemaAt } from './schema-pointer.ts';
import { describeSchema, explainSchema } from './schema-words.ts';
import { type JsonSchema, propertiesOf } from './validation-schema.ts';
import type { SchemaError } from './validator.ts';
import { valueDiagnostic, wrongValue } from './value-diagnostics.ts';

/** What was checked, for finding places and naming things. */
export interface Checked {
  readonly value: Value;
  /** Place to point at when something is missing from `value` itself. */
  readonly key: Place;
  /** What `value` itself is called in messages: `stage \`train\``. */
  readonly name: string;
  /** The schema that ajv checked against (see validationSchema). */
  readonly schema: JsonSchema;
}

/** Adds a message for each error that ajv found, on the exact key or value, without those that only follow. */
export function addSchemaDiagnostics(
  errors: readonly SchemaError[],
  checked: Checked,
  diagnostics: DiagnosticList,
): void {
  for (const error of withoutConsequences(chooseBranches(errors, checked.schema), checked)) {
    const diagnostic = translate(error, checked);
    if (diagnostic === undefined) continue;
    const { value } = locate(checked.value, pathOf(error), checked.key);
    const isAboutPart = ABOUT_PARTS.has(error.keyword);
    if (isAboutPart || !diagnostics.covers(value.place)) diagnostics.add(diagnostic);
  }
}

/** Errors about a key or an item of a value, which another error inside the value does not explain. */
const ABOUT_PARTS = new Set(['additionalProperties', 'required', 'propertyNames', 'uniqueItems']);

/** Drops a missing key where an unknown key is a slip of its spelling. */
function withoutConsequences(errors: readonly SchemaError[], checked: Checked): readonly SchemaError[] {
  const slips = errors
    .filter(({ keyword }) => keyword === 'additionalProperties')
    .map(
      (error) =>
        `${error.instancePath}/${closestName(String(error.params.additionalProperty), knownKeys(error, checked))}`,
    );
  return errors.filter(
    ({ keyword, instancePath, params }) =>
      keyword !== 'required' || !slips.includes(`${instancePath}/${params.missingProperty}`),
  );
}

function translate(error: SchemaError, checked: Checked): Diagnostic | undefined {
  const path = pathOf(error);
  const located = locate(checked.value, path, checked.key);
  const name = path.length === 0 ? checked.name : `\`${pathName(path)}\``;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(error, located, name, checked);
    case 'required':
      return missingKey(error, located, name, checked);
    case 'propertyNames':
      return badName(String(error.params.propertyName), located, name, namesHint(error, checked));
    case 'no-oneOf':
    case 'no-anyOf':
      return noBranch(error, located, name, checked);
    // `if` says only that a branch failed, whose own errors follow; a key's pattern is told by `propertyNames`.
    case 'if':
      return undefined;
    default:
      return error.propertyName === undefined ? wrongValue(error, located, name, checked.schema) : undefined;
  }
}

function unknownKey(error: SchemaError, located: Located, name: string, checked: Checked): Diagnostic {
  const key = String(error.params.additionalProperty);
  const known = knownKeys(error, checked);
  const parent = schemaAt(checked.schema, error.schemaPath, 1);
  if (known.length === 0 && parent.patternProperties !== undefined) {
    return badName(key, located, name);
  }
  return {
    code: 'unknown-key',
    message: `unknown key \`${key}\` in ${name}`,
    place: keyPlace(located.value, key),
    hint: intentHint(key, known) ?? nameHint(key, known, 'keys here'),
  };
}

function missingKey(error: SchemaError, located: Located, name: string, checked: Checked): Diagnostic {
  const key = String(error.params.missingProperty);
  const schema = propertiesOf(schemaAt(checked.schema, error.schemaPath, 1))[key];
  return {
    code: 'missing-key',
    message: `${name} lacks the key \`${key}\``,
    place: mapPlace(located),
    ...(schema === undefined ? {} : { hint: `\`${key}\` is ${explainSchema(schema)}` }),
  };
}

/** What a schema says of the names of a map's keys. */
function namesHint(error: SchemaError, checked: Checked): string | undefined {
  return schemaAt(checked.schema, error.schemaPath).description as string | undefined;
}

function badName(key: string, { value }: Located, name: string, hint?: string): Diagnostic {
  return {
    code: 'bad-name',
    message: `\`${key}\` cannot be a name in ${name}`,
    place: keyPlace(value, key),
    hint: hint ?? 'names are up to 200 letters, digits, `_` and `-`, and begin with a letter or `_`',
  };
}

/** What a message about a whole map points at: its key, or its own file where that is another one (a piece). */
function mapPlace({ key, value }: Located): Place {
  return key !== undefined && key.file === value.place.file ? key : { ...value.place, length: 1 };
}

function keyPlace(map: Value, key: string): Place {
  return locate(map, [key]).key ?? map.place;
}

function noBranch(error: SchemaError, located: Located, name: string, checked: Checked): Diagnostic {
  const branches = schemaAt(checked.schema, error.schemaPath) as unknown as readonly JsonSchema[];
  if (branches.every(isOnlyRequired)) {
    const keys = branches.map(({ required }) =>
      (required as readonly string[]).map((key) => `\`${key}\``).join(' and '),
    );
    const several = Array.isArray(error.params.passingSchemas);
    return {
      code: several ? 'conflicting-keys' : 'missing-key',
      message: several
        ? `${name} has ${keys.join(' and ')}; only one may be given`
        : `${name} lacks one of ${keys.join(', ')}`,
      place: mapPlace(located),
    };
  }
  const words = [...new Set(branches.map(describeSchema))];
  const { description } = schemaAt(checked.schema, error.schemaPath, 1);
  return valueDiagnostic(
    'wrong-type',
    `${name} must be ${words.join(' or ')}`,
    located,
    description as string,
  );
}

function knownKeys(error: SchemaError, checked: Checked): readonly string[] {
  return Object.keys(propertiesOf(schemaAt(checked.schema, error.schemaPath, 1)));
}
