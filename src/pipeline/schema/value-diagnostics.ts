import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { closestName, listNames } from '../diagnostics/did-you-mean.ts';
import { variablesHint } from '../diagnostics/known-intents.ts';
import { type Located, locate, type Value } from '../yaml/value.ts';
import { schemaAt } from './schema-pointer.ts';
import { describeFound, TYPE_WORDS, typeHint } from './schema-words.ts';
import type { JsonSchema } from './validation-schema.ts';
import type { SchemaError } from './validator.ts';

/** Says what is wrong with one value, called `name`, that broke one rule of the schema. */
export function wrongValue(error: SchemaError, located: Located, name: string, root: JsonSchema): Diagnostic {
  const schema = schemaAt(root, error.schemaPath, 1);
  const { params } = error;
  const limit = String(params.limit);
  const examples = schema.examples as readonly string[] | undefined;
  switch (error.keyword) {
    case 'type': {
      const types = [params.type].flat().map((type) => TYPE_WORDS[String(type)] ?? String(type));
      const hint =
        examples === undefined
          ? (variablesHint(name, located.value) ?? typeHint(String(params.type), located.value))
          : exampleHint(examples);
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
      return diagnosticAt(
        'wrong-form',
        `${name} has the wrong form: ${describeFound(located.value)}`,
        located,
        hint,
      );
    }
    case 'minLength':
    case 'minItems':
    case 'minProperties': {
      const unit = error.keyword === 'minLength' ? 'characters' : 'entries';
      const message = limit === '1' ? 'must not be empty' : `must have at least ${limit} ${unit}`;
      return diagnosticAt('wrong-length', `${name} ${message}`, located);
    }
    case 'maxLength':
      return diagnosticAt('wrong-length', `${name} must have at most ${limit} characters`, located);
    case 'maxItems':
    case 'maxProperties':
      return diagnosticAt('wrong-length', `${name} must have at most ${limit} entries`, located);
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

/** A diagnostic at a value that ends with what was found, and where that came from. */
export function valueDiagnostic(
  code: string,
  message: string,
  { value }: Pick<Located, 'value'>,
  hint?: string,
): Diagnostic {
  return diagnosticAt(code, `${message}, not ${describeFound(value)}`, { value }, hint);
}

function diagnosticAt(
  code: string,
  message: string,
  { value }: Pick<Located, 'value'>,
  hint?: string,
): Diagnostic {
  return {
    code,
    message,
    place: value.place,
    ...(hint === undefined ? {} : { hint }),
    ...(value.origin === undefined
      ? {}
      : { related: [{ message: 'the value comes from here', place: value.origin }] }),
  };
}

function exampleHint(examples: readonly string[]): string {
  return `write it like ${examples.map((example) => `\`${example}\``).join(', ')}`;
}
