import type { Diagnostic, Place } from './diagnostic.ts';
import type { DiagnosticList } from './diagnostic-list.ts';
import { closestName, listNames, nameHint } from './did-you-mean.ts';
import { describeFound, describeSchema, TYPE_WORDS, typeHint } from './schema-words.ts';
import { type JsonSchema, propertiesOf } from './validation-schema.ts';
import type { SchemaError } from './validator.ts';
import { type Located, locate, type Path, type Value } from './value.ts';

/** What was checked, for finding places and naming things. */
export interface Checked {
  readonly value: Value;
  /** Place to point at when something is missing from `value` itself. */
  readonly key: Place;
  /** What `value` is called where it has no key of its own: `the settings of stage type \`train\``. */
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
  for (const error of withoutConsequences(chooseBranches(errors, checked), checked)) {
    const diagnostic = translate(error, checked);
    if (diagnostic === undefined) continue;
    const { value } = locate(checked.value, pathOf(error), checked.key);
    const isAboutKey = ABOUT_KEYS.has(error.keyword);
    if (isAboutKey || !diagnostics.covers(value.place)) diagnostics.add(diagnostic);
  }
}

const ABOUT_KEYS = new Set(['additionalProperties', 'required', 'propertyNames']);
const UNIONS = new Set(['anyOf', 'oneOf']);

/** Of each failed union keeps the errors of the branch that was meant, else the union's own error. */
function chooseBranches(errors: readonly SchemaError[], checked: Checked): readonly SchemaError[] {
  const union = errors
    .filter(({ keyword }) => UNIONS.has(keyword))
    .sort((a, b) => a.schemaPath.length - b.schemaPath.length)[0];
  if (union === undefined) return errors;
  const inside = errors.filter((error) => isInside(error, union));
  const others = errors.filter((error) => error !== union && !inside.includes(error));
  const chosen = meantBranch(inside, union, checked);
  return [...chooseBranches(chosen, checked), ...chooseBranches(others, checked)].concat(
    chosen.length === 0 ? { ...union, keyword: `no-${union.keyword}` } : [],
  );
}

function isInside(error: SchemaError, union: SchemaError): boolean {
  const sameValue =
    error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`);
  return sameValue && error.schemaPath.startsWith(`${union.schemaPath}/`);
}

/** Errors of the branch whose type fits the value and that has the fewest; none where no type fits. */
function meantBranch(
  inside: readonly SchemaError[],
  union: SchemaError,
  checked: Checked,
): readonly SchemaError[] {
  const branches = schemaAt(checked.schema, union.schemaPath) as unknown as readonly JsonSchema[];
  if (branches.every(isOnlyRequired)) return [];
  const groups = branches
    .map((_, index) =>
      inside.filter(({ schemaPath }) => `${schemaPath}/`.startsWith(`${union.schemaPath}/${index}/`)),
    )
    .filter((group) => group.length > 0 && !group.some((error) => isWrongKind(error, union)));
  return groups.sort((a, b) => a.length - b.length)[0] ?? [];
}

function isWrongKind({ keyword, instancePath }: SchemaError, union: SchemaError): boolean {
  return instancePath === union.instancePath && ['type', 'const', 'enum'].includes(keyword);
}

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
      return badName(
        String(error.params.propertyName),
        located,
        name,
        schemaAt(checked.schema, error.schemaPath),
      );
    case 'no-oneOf':
    case 'no-anyOf':
      return noBranch(error, located, name, checked);
    // `if` says only that a branch failed, whose own errors follow; a key's pattern is told by `propertyNames`.
    case 'if':
      return undefined;
    default:
      return error.propertyName === undefined ? wrongValue(error, located, name, checked) : undefined;
  }
}

function unknownKey(error: SchemaError, { value }: Located, name: string, checked: Checked): Diagnostic {
  const key = String(error.params.additionalProperty);
  const known = knownKeys(error, checked);
  const place = locate(value, [key]).key ?? value.place;
  const parent = schemaAt(checked.schema, error.schemaPath, 1);
  if (known.length === 0 && parent.patternProperties !== undefined) {
    return { code: 'bad-name', message: `\`${key}\` cannot be a name in ${name}`, place, hint: NAME_HINT };
  }
  return {
    code: 'unknown-key',
    message: `unknown key \`${key}\` in ${name}`,
    place,
    hint: nameHint(key, known, 'keys here'),
  };
}

function missingKey(error: SchemaError, located: Located, name: string, checked: Checked): Diagnostic {
  const key = String(error.params.missingProperty);
  const schema = propertiesOf(schemaAt(checked.schema, error.schemaPath, 1))[key];
  return {
    code: 'missing-key',
    message: `${name} lacks the key \`${key}\``,
    place: located.key ?? firstOf(located.value),
    ...(schema === undefined ? {} : { hint: `\`${key}\` is ${describeSchema(schema)}` }),
  };
}

const NAME_HINT = 'names are letters, digits, `_` and `-`, and begin with a letter or `_`';

function badName(key: string, { value }: Located, name: string, _schema: JsonSchema): Diagnostic {
  return {
    code: 'bad-name',
    message: `\`${key}\` cannot be a name in ${name}`,
    place: locate(value, [key]).key ?? value.place,
    hint: NAME_HINT,
  };
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
      place: located.key ?? firstOf(located.value),
    };
  }
  const words = [...new Set(branches.map(describeSchema))];
  return valueDiagnostic('wrong-type', `${name} must be ${words.join(' or ')}`, located);
}

function wrongValue(error: SchemaError, located: Located, name: string, checked: Checked): Diagnostic {
  const schema = schemaAt(checked.schema, error.schemaPath, 1);
  const { params } = error;
  const limit = String(params.limit);
  const examples = schema.examples as readonly string[] | undefined;
  switch (error.keyword) {
    case 'type': {
      const types = [params.type].flat().map((type) => TYPE_WORDS[String(type)] ?? String(type));
      const hint =
        examples === undefined ? typeHint(String(params.type), located.value) : exampleHint(examples);
      return valueDiagnostic('wrong-type', `${name} must be ${types.join(' or ')}`, located, hint);
    }
    case 'enum':
      return enumDiagnostic(params.allowedValues as readonly unknown[], name, located);
    case 'const':
      return valueDiagnostic(
        'not-allowed',
        `${name} must be ${JSON.stringify(params.allowedValue)}`,
        located,
      );
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return valueDiagnostic(
        'out-of-range',
        `${name} must be ${COMPARISONS[error.keyword]} ${limit}`,
        located,
      );
    case 'multipleOf':
      return valueDiagnostic('out-of-range', `${name} must be a multiple of ${params.multipleOf}`, located);
    case 'pattern': {
      const hint =
        examples === undefined ? (schema.description as string | undefined) : exampleHint(examples);
      return valueDiagnostic('wrong-form', `${name} does not have the right form`, located, hint);
    }
    case 'minLength':
      return valueDiagnostic(
        'wrong-length',
        limit === '1' ? `${name} must not be empty` : `${name} must have at least ${limit} characters`,
        located,
      );
    case 'maxLength':
      return valueDiagnostic('wrong-length', `${name} must have at most ${limit} characters`, located);
    case 'minItems':
    case 'minProperties':
      return valueDiagnostic(
        'wrong-length',
        limit === '1' ? `${name} must not be empty` : `${name} must have at least ${limit} entries`,
        located,
      );
    case 'maxItems':
    case 'maxProperties':
      return valueDiagnostic('wrong-length', `${name} must have at most ${limit} entries`, located);
    case 'uniqueItems':
      return duplicateItem(Number(params.i), Number(params.j), located.value, name);
    default:
      return valueDiagnostic('not-allowed', `${name} is not allowed (${error.keyword})`, located);
  }
}

const COMPARISONS = {
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'greater than',
  exclusiveMaximum: 'less than',
} as const;

function enumDiagnostic(allowed: readonly unknown[], name: string, located: Located): Diagnostic {
  const choices = allowed.map((choice) => (typeof choice === 'string' ? choice : JSON.stringify(choice)));
  const found = located.value.kind === 'scalar' ? String(located.value.value) : '';
  const closest = closestName(found, choices);
  const hint = closest === undefined ? undefined : `did you mean \`${closest}\`?`;
  return valueDiagnostic('not-allowed', `${name} must be one of ${listNames(choices, 20)}`, located, hint);
}

function duplicateItem(first: number, second: number, list: Value, name: string): Diagnostic {
  const [earlier, later] = [Math.min(first, second), Math.max(first, second)];
  return {
    code: 'duplicate-item',
    message: `${name} holds the same item twice`,
    place: locate(list, [String(later)]).value.place,
    related: [{ message: 'it is first given here', place: locate(list, [String(earlier)]).value.place }],
  };
}

function valueDiagnostic(code: string, message: string, { value }: Located, hint?: string): Diagnostic {
  return {
    code,
    message: `${message}, not ${describeFound(value)}`,
    place: firstOf(value),
    ...(hint === undefined ? {} : { hint }),
    ...(value.origin === undefined
      ? {}
      : { related: [{ message: 'the value comes from here', place: value.origin }] }),
  };
}

function exampleHint(examples: readonly string[]): string {
  return `write it like ${examples.map((example) => `\`${example}\``).join(', ')}`;
}

function knownKeys(error: SchemaError, checked: Checked): readonly string[] {
  return Object.keys(propertiesOf(schemaAt(checked.schema, error.schemaPath, 1)));
}

function isOnlyRequired(branch: JsonSchema): boolean {
  return Array.isArray(branch.required) && branch.properties === undefined;
}

/** What a message about a whole value points at. */
function firstOf(value: Value): Place {
  return value.place;
}

/** The part of a schema that ajv's `schemaPath` names, without its last `drop` steps. */
function schemaAt(schema: JsonSchema, schemaPath: string, drop = 0): JsonSchema {
  const steps = schemaPath.split('/').slice(1);
  return steps
    .slice(0, steps.length - drop)
    .reduce<JsonSchema>(
      (inner, step) => (inner[unescapePointer(decodeURIComponent(step))] ?? {}) as JsonSchema,
      schema,
    );
}

function pathOf({ instancePath }: SchemaError): Path {
  return instancePath.split('/').slice(1).map(unescapePointer);
}

function unescapePointer(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** `resources.memory`, `env[0]`. */
function pathName(path: Path): string {
  return path.reduce(
    (name, step) => (/^\d+$/.test(step) ? `${name}[${step}]` : name === '' ? step : `${name}.${step}`),
    '',
  );
}
