import { type Static, Type } from 'typebox';

const place = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

/**
 * Where the fields of items are in data that calls them something else: the name of a column, a dotted path into one
 * (`answers.text.0`), or a Jinja template of an item's columns (`{{ title }}: {{ question }}`).
 */
export const FieldMapping = Type.Object(
  {
    instruction: place('What is asked; a text, or messages that end with a question.'),
    input: place('What the instruction is about; may be missing.'),
    output: place('The answer.'),
    chosen: place('Of a preference pair: the better answer, a text or messages.'),
    rejected: place('Of a preference pair: the worse answer.'),
    system: place('What a conversation begins with; read only if it is mapped.'),
    messages: place('A conversation: {role, content} as OpenAI has it, or {from, value} as ShareGPT has it.'),
  },
  { additionalProperties: false },
);
export type FieldMapping = Static<typeof FieldMapping>;
export type FieldName = keyof FieldMapping;

/** What can be mapped. */
export const FIELD_NAMES = Object.keys(FieldMapping.properties) as FieldName[];
