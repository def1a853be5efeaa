import type { StageType } from '../../contract/stage-type.ts';
import { editorInputs, inputForms, requiredInputs } from './editor-inputs.ts';
import { EditorSchemas, lacksDefault } from './editor-value.ts';
import type { NamedPieces } from './named-pieces.ts';
import { PipelineSchema, StageSchema } from './pipeline-schema.ts';
import { type JsonSchema, propertiesOf, validationSchema } from './validation-schema.ts';

const OWN_FILE: JsonSchema = {
  type: 'string',
  pattern: '^(\\.{1,2}/|/|.*\\$\\{params)',
  description: 'Path of a file with a stage of your own, which begins with ./ or ../',
};

/** Keys of any name that mean nothing: a place for anchors and notes. */
const EXTENSIONS = { '^x-': { description: 'Ignored: a place for anchors and notes.' } };

/** Merge keys, which language servers do not leave out of the keys of a map. */
const MERGE = { '<<': { description: 'Adds the keys of the maps that it names; keys of this map win.' } };

/**
 * JSON Schema (draft-07, as editors' YAML language servers read it) of pipeline files. It is looser than the
 * loader where a file alone cannot be judged: values may be templates, settings may be names of pieces, and a
 * file that extends another may leave out anything. `pieces`: those that editors offer.
 */
export function pipelineJsonSchema(
  stageTypes: ReadonlyMap<string, StageType>,
  pieces: NamedPieces,
): JsonSchema {
  const types = [...stageTypes.values()];
  const editor = new EditorSchemas(pieces);
  const { stages, params, ...properties } = propertiesOf(validationSchema(PipelineSchema));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: PipelineSchema.type,
    properties: {
      ...properties,
      params: {
        type: 'object',
        description: params!.description,
        propertyNames: params!.propertyNames,
        additionalProperties: { description: 'A parameter: stages read it as `${params.NAME}`.' },
      },
      extends: { type: 'string', description: 'Path of the pipeline file that this one changes.' },
      stages: {
        type: 'object',
        description: stages!.description,
        propertyNames: stages!.propertyNames,
        additionalProperties: { $ref: '#/definitions/stage' },
      },
    },
    patternProperties: EXTENSIONS,
    additionalProperties: false,
    if: { required: ['extends'] },
    else: {
      required: ['schema', 'name', 'stages'],
      properties: { stages: { additionalProperties: completeStage(types) } },
    },
    definitions: {
      input: inputForms,
      stage: stageSchema(types, editor),
      ...Object.fromEntries(
        types.flatMap((type) => [
          [`with-${type.uses}`, settingsOf(type, editor)],
          [`inputs-${type.uses}`, editorInputs(type)],
        ]),
      ),
    },
  };
}

/** One stage: the common keys, and under `with` and `inputs` what the type that `uses` names declares. */
function stageSchema(types: readonly StageType[], editor: EditorSchemas): JsonSchema {
  const { inputs, with: settings, ...properties } = propertiesOf(validationSchema(StageSchema));
  const values = Object.entries(properties).map(([name, schema]) => [name, editor.value(schema, undefined)]);
  const described = types.map(({ uses, summary }) => ({ const: uses, description: summary }));
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(values),
      uses: { ...properties.uses, anyOf: [...described, OWN_FILE] },
      inputs: { description: inputs!.description },
      with: { description: settings!.description },
      ...MERGE,
    },
    patternProperties: EXTENSIONS,
    additionalProperties: false,
    allOf: types.map(({ uses }) =>
      whereUses(uses, {
        properties: {
          with: { $ref: `#/definitions/with-${uses}` },
          inputs: { $ref: `#/definitions/inputs-${uses}` },
        },
      }),
    ),
  };
}

/** What a stage must have where the file extends no other. */
function completeStage(types: readonly StageType[]): JsonSchema {
  return {
    required: ['uses'],
    allOf: types.flatMap((type) => {
      const keys = { with: requiredSettings(type), inputs: requiredInputs(type) };
      const demanded = Object.entries(keys).filter(([, required]) => required.length > 0);
      if (demanded.length === 0) return [];
      const properties = demanded.map(([key, required]) => [key, { required }]);
      const required = demanded.map(([key]) => key);
      return [whereUses(type.uses, { required, properties: Object.fromEntries(properties) })];
    }),
  };
}

function requiredSettings({ settings }: StageType): readonly string[] {
  return (settings.required ?? []).filter((key) => lacksDefault(settings, key));
}

function whereUses(uses: string, schema: JsonSchema): JsonSchema {
  // biome-ignore lint/suspicious/noThenProperty: `then` is the keyword of JSON Schema
  return { if: { required: ['uses'], properties: { uses: { const: uses } } }, then: schema };
}

function settingsOf({ summary, settings }: StageType, editor: EditorSchemas): JsonSchema {
  const { required: _, ...schema } = editor.object(validationSchema(settings), 'result');
  return { description: summary, ...schema };
}
