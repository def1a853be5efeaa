import type { NamedPieces } from './named-pieces.ts';
import { describeSchema } from './schema-words.ts';
import { type JsonSchema, mapSubschemas, propertiesOf } from './validation-schema.ts';

/** What a text must hold that stands for a value of another kind. */
const TEMPLATE = String.raw`\$\{params`;

/** What a value changes when it changes; undefined for keys that are no settings. */
type Affects = 'result' | 'execution' | undefined;

/**
 * Schemas of values as editors' language servers read them. A value that may also be a template is one schema wherever JSON
 * Schema can say that: keywords of numbers do not apply to texts, nor `pattern` to numbers. Elsewhere it is a choice, whose
 * branches have descriptions that are whole and different: of what fits, a server shows the innermost description, and it
 * takes branches of equal descriptions for one.
 */
export class EditorSchemas {
  readonly #pieces: NamedPieces;

  constructor(pieces: NamedPieces) {
    this.#pieces = pieces;
  }

  /** An object as it is written under a key: a required key may be missing if it has a default. */
  object(schema: JsonSchema, affects: Affects): JsonSchema {
    const {
      affects: _affects,
      pinnedBy: _pinnedBy,
      legacy: _legacy,
      piece: _piece,
      asWritten: _asWritten,
      ...rest
    } = schema;
    const required = (rest.required as readonly string[] | undefined)?.filter((key) =>
      lacksDefault(schema, key),
    );
    const own = required === undefined ? rest : { ...rest, required };
    const inner = mapSubschemas(own, (value) => this.value(value, affects));
    // Branches and conditions speak of the same value as the whole: they stay as they are.
    const conditions = rest.allOf as readonly JsonSchema[] | undefined;
    return conditions === undefined
      ? inner
      : { ...inner, allOf: conditions.map((one) => this.#branch(one, affects)) };
  }

  /** A value under a key: what it may be, with its default and what a change of it costs in its description. */
  value(schema: JsonSchema, inherited: Affects): JsonSchema {
    const affects = inherited === undefined ? undefined : ((schema.affects as Affects) ?? inherited);
    const description = describe(schema, affects);
    const annotations = {
      ...(description === '' ? {} : { description }),
      ...(schema.default === undefined ? {} : { default: schema.default }),
    };
    const branches = this.#branches(schema, description, affects);
    if (branches !== undefined) return { ...annotations, anyOf: branches };
    const { default: _default, description: _description, ...rest } = this.object(schema, affects);
    return { ...annotations, ...orTemplate(rest) };
  }

  /** What a value may be, where that takes several schemas; undefined where one says it all. */
  #branches(schema: JsonSchema, description: string, affects: Affects): readonly JsonSchema[] | undefined {
    const about = (words: string) => [description, words].filter((text) => text !== '').join(' ');
    const template = { type: 'string', pattern: TEMPLATE, description: about('Given by a parameter.') };
    if (schema.piece !== undefined) return this.#piece(schema, about, affects);
    const widened = schema.asWritten === true ? mapSubschemas(schema, spelledItems) : schema;
    const union = widened.anyOf as readonly JsonSchema[] | undefined;
    if (union !== undefined) {
      const each = union.map((one) => ({
        ...this.object(one, affects),
        description: about((one.description as string) ?? `Given as ${describeSchema(one)}.`),
      }));
      return [...each, template];
    }
    const isChoice = schema.enum !== undefined || schema.const !== undefined;
    // Conditions of an object would be asked of a template, too.
    if (isChoice || schema.allOf !== undefined)
      return [{ ...this.object(schema, affects), description: about('') }, template];
    return undefined;
  }

  #branch(branch: JsonSchema, affects: Affects): JsonSchema {
    return branch.then === undefined
      ? this.object(branch, affects)
      : // biome-ignore lint/suspicious/noThenProperty: `then` is the keyword of JSON Schema
        { ...branch, then: this.object(branch.then as JsonSchema, affects) };
  }

  /** A name (those that come with pipe are offered), a path, a name with changes, or the piece itself. */
  #piece(
    { piece, ...schema }: JsonSchema,
    about: (words: string) => string,
    affects: Affects,
  ): readonly JsonSchema[] {
    const kind = piece as string;
    const known = this.#pieces[kind] ?? {};
    const name = { enum: Object.keys(known), enumDescriptions: Object.values(known) };
    return [
      {
        type: 'string',
        ...name,
        description: about(`One of those that come with pipe, in configs/${kind}.`),
      },
      { type: 'string', description: about(`A file of configs/${kind} of this project, or a path.`) },
      {
        type: 'object',
        description: about('A name or path with changes.'),
        required: ['use'],
        properties: {
          use: { description: 'What the other keys change.', anyOf: [{ type: 'string' }, name] },
        },
      },
      { ...this.object(schema, affects), description: about('Written out.') },
    ];
  }
}

/** A list of texts, of which some may be written as numbers or truth values. */
function spelledItems(schema: JsonSchema): JsonSchema {
  return mapSubschemas(schema, (inner) =>
    inner.type === 'string' ? { ...inner, type: ['string', 'number', 'boolean'] } : inner,
  );
}

/** Whether a key must be written where it is required. */
export function lacksDefault(schema: JsonSchema, key: string): boolean {
  return propertiesOf(schema)[key]?.default === undefined;
}

/** A schema of one type whose value may also be a template. */
export function orTemplate(schema: JsonSchema): JsonSchema {
  const { type, pattern } = schema;
  if (type === undefined || (type === 'string' && pattern === undefined)) return schema;
  if (type === 'string') return { ...schema, pattern: `${pattern}|${TEMPLATE}` };
  if (Array.isArray(type) && type.includes('string')) return schema;
  return { ...schema, type: [type, 'string'], pattern: TEMPLATE };
}

function describe(schema: JsonSchema, affects: Affects): string {
  const { description, default: preset, pinnedBy } = schema;
  const sentences = [
    description,
    isScalar(preset) ? `Default: \`${preset}\`.` : undefined,
    affects === 'result' && pinnedBy === undefined
      ? 'Result setting: changing it runs the stage again.'
      : undefined,
    affects === 'result' && pinnedBy !== undefined
      ? `Result setting, but with \`${pinnedBy}\`: changing it runs the stage again only without that.`
      : undefined,
    affects === 'execution' ? 'Execution setting: changing it reruns nothing.' : undefined,
  ];
  return sentences.filter((sentence) => sentence !== undefined).join(' ');
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value) && value !== '';
}
