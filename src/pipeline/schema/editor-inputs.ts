import type { InputDeclaration, StageType } from '../../contract/stage-type.ts';
import { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { get, textOf, type Value } from '../yaml/value.ts';
import { orTemplate } from './editor-value.ts';
import { InputSchema } from './pipeline-schema.ts';
import { type JsonSchema, validationSchema } from './validation-schema.ts';

/** The inputs that a stage type declares, each with what it is for. Inputs of any name if it takes whatever it is given. */
export function editorInputs(type: StageType): JsonSchema {
  if (type.inputs === 'any')
    return { type: 'object', additionalProperties: { description: 'What the stage reads.', allOf: [input] } };
  const written = inputsOfExample(type);
  const properties = Object.entries(type.inputs).map(([name, declaration]) => [
    name,
    { description: describe(declaration), ...exampleOf(get(written, name)), allOf: [input] },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false };
}

/** Names of the inputs that a stage of the type cannot do without. */
export function requiredInputs({ inputs }: StageType): readonly string[] {
  if (inputs === 'any') return [];
  return Object.entries(inputs).flatMap(([name, { optional }]) => (optional ? [] : [name]));
}

/** The forms of an input. They have no descriptions: a server would show that instead of the input's own. */
export const inputForms: JsonSchema = {
  anyOf: (validationSchema(InputSchema).anyOf as readonly JsonSchema[]).map(({ description: _, ...form }) =>
    orTemplate(form),
  ),
};

const input: JsonSchema = { $ref: '#/definitions/input' };

function describe({ artifact, description, optional, collects }: InputDeclaration): string {
  const kind = artifact === 'file' ? 'A file' : 'A directory';
  const each = collects ? ' Also `{each: stage.output}`.' : '';
  return `${description} ${kind}${optional ? '; optional' : ''}.${each}`;
}

function inputsOfExample({ uses, example }: StageType): Value | undefined {
  const stages = example === undefined ? undefined : parseYaml(example, uses, new DiagnosticList());
  const [stage] = stages?.kind === 'map' ? stages.entries.values() : [];
  return get(stage?.value, 'inputs');
}

/** An output that the type's own example takes: editors offer it, and most pipelines call their stages so. */
function exampleOf(value: Value | undefined): JsonSchema {
  const text = textOf(value);
  return text === undefined ? {} : { examples: [text] };
}
