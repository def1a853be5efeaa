import type { StageType } from '../../contract/stage-type.ts';
import { PipelineSchema, StageSchema } from './pipeline-schema.ts';
import { type JsonSchema, mapSubschemas, propertiesOf, validationSchema } from './validation-schema.ts';

const OWN_FILE: JsonSchema = {
  type: 'string',
  pattern: '^(\\.{1,2}/|/|.*\\$\\{params)',
  description: 'Path of a file with a stage of your own, which begins with ./ or ../',
};

const TEMPLATE: JsonSchema = { type: 'string', pattern: '\\$\\{params', description: 'A parameter.' };

/**
 * JSON Schema (draft-07, as editors' YAML language servers read it) of pipeline files. It is looser than the
 * loader where a file alone cannot be judged: values may be templates, settings may be names of pieces, and a
 * file that extends another may leave out anything.
 */
export function pipelineJsonSchema(stageTypes: ReadonlyMap<string, StageType>): JsonSchema {
  const types = [...stageTypes.values()];
  const { stages, ...properties } = propertiesOf(validationSchema(PipelineSchema));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'pipe: a pipeline',
    type: PipelineSchema.type,
    properties: {
      ...properties,
      extends: { type: 'string', description: 'Path of the pipeline file that this one changes.' },
      stages: {
        type: 'object',
        description: stages!.description,
        propertyNames: stages!.propertyNames,
        additionalProperties: { $ref: '#/definitions/stage' },
      },
    },
    patternProperties: { '^x-': {} },
    additionalProperties: false,
    if: { required: ['extends'] },
    else: {
      required: ['schema', 'name', 'stages'],
      properties: { stages: { additionalProperties: completeStage(types) } },
    },
    definitions: {
      stage: stageSchema(types),
      ...Object.fromEntries(types.map((type) => [`with-${type.uses}`, editorSettings(type)])),
    },
  };
}

/** One stage: the common keys, and under `with` the settings of the type that `uses` names. */
function stageSchema(types: readonly StageType[]): JsonSchema {
  const properties = propertiesOf(validationSchema(StageSchema));
  const described = types.map(({ uses, summary }) => ({ const: uses, description: summary }));
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, editorValue(schema)])),
      uses: { ...properties.uses, anyOf: [...described, OWN_FILE] },
    },
    additionalProperties: false,
    allOf: types.map(({ uses }) =>
      whereUses(uses, { properties: { with: { $ref: `#/definitions/with-${uses}` } } }),
    ),
  };
}

/** What a stage must have where the file extends no other. */
function completeStage(types: readonly StageType[]): JsonSchema {
  const demanding = types.filter(({ settings }) =>
    (settings.required ?? []).some((key) => lacksDefault(settings, key)),
  );
  return {
    required: ['uses'],
    allOf: demanding.map(({ uses, settings }) => {
      const required = settings.required!.filter((key) => lacksDefault(settings, key));
      return whereUses(uses, { required: ['with'], properties: { with: { required } } });
    }),
  };
}

function lacksDefault(schema: JsonSchema, key: string): boolean {
  return propertiesOf(schema)[key]?.default === undefined;
}

function whereUses(uses: string, schema: JsonSchema): JsonSchema {
  // biome-ignore lint/suspicious/noThenProperty: `then` is the keyword of JSON Schema
  return { if: { required: ['uses'], properties: { uses: { const: uses } } }, then: schema };
}

function editorSettings({ summary, settings }: StageType): JsonSchema {
  const { required: _, ...schema } = editorSchema(validationSchema(settings));
  return { description: summary, ...schema };
}

/** A schema without the marks, whose values may be templates and pieces by name. */
function editorSchema(schema: JsonSchema): JsonSchema {
  const {
    affects: _affects,
    pinnedBy: _pinnedBy,
    legacy: _legacy,
    piece: _piece,
    asWritten,
    ...rest
  } = schema;
  const required = (rest.required as readonly string[] | undefined)?.filter((key) =>
    lacksDefault(schema, key),
  );
  const inner = mapSubschemas(required === undefined ? rest : { ...rest, required }, editorValue);
  if (asWritten === true) return mapSubschemas(inner, spelledItems);
  // Branches and conditions speak of the same value as the whole: they stay as they are.
  return { ...inner, ...pick(rest, 'allOf', editorBranch) };
}

/** A list of texts, of which some may be written as numbers or truth values. */
function spelledItems(schema: JsonSchema): JsonSchema {
  return mapSubschemas(schema, (inner) =>
    inner.type === 'string' ? { ...inner, type: ['string', 'number', 'boolean'] } : inner,
  );
}

function editorValue(schema: JsonSchema): JsonSchema {
  const { description, default: preset, ...rest } = editorSchema(schema);
  const annotations = {
    ...(description === undefined ? {} : { description: describe(description as string, schema) }),
    ...(preset === undefined ? {} : { default: preset }),
  };
  if (rest.type === 'string' && rest.pattern === undefined && rest.enum === undefined) {
    return { ...annotations, ...rest };
  }
  const named = schema.piece === undefined ? [] : [pieceName(schema.piece as string), pieceChange];
  return { ...annotations, anyOf: [rest, ...named, TEMPLATE] };
}

const pieceName = (piece: string): JsonSchema => ({
  type: 'string',
  description: `Name of a file in configs/${piece}, or a path that begins with ./ or ../`,
});

const pieceChange: JsonSchema = {
  type: 'object',
  required: ['use'],
  properties: {
    use: { type: 'string', description: 'Name or path of the piece that the other keys change.' },
  },
};

/** Hovering over an execution setting tells that it may change without a rerun. */
function describe(description: string, schema: JsonSchema): string {
  return schema.affects === 'execution'
    ? `${description} Execution setting: changing it reruns nothing.`
    : description;
}

function editorBranch(branch: JsonSchema): JsonSchema {
  return branch.then === undefined
    ? editorSchema(branch)
    : // biome-ignore lint/suspicious/noThenProperty: `then` is the keyword of JSON Schema
      { ...branch, then: editorSchema(branch.then as JsonSchema) };
}

function pick(
  schema: JsonSchema,
  keyword: keyof JsonSchema,
  change: (branch: JsonSchema) => JsonSchema,
): JsonSchema {
  const branches = schema[keyword] as readonly JsonSchema[] | undefined;
  return branches === undefined ? {} : { [keyword]: branches.map(change) };
}
