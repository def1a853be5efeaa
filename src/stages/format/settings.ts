import { type Static, Type } from 'typebox';
import { FieldMapping } from '../../text/items/field-mapping.ts';
import { PromptStyle } from '../../text/prompt/prompt-style-schema.ts';

export const formatSettings = Type.Object(
  {
    prompt: Type.Object(PromptStyle.properties, {
      additionalProperties: false,
      affects: 'result',
      piece: 'prompts',
      description:
        'Prompt style: a name under configs/prompts, a file such as ./my-style.yaml, or the style itself.',
    }),
    fields: Type.Optional(
      Type.Object(FieldMapping.properties, {
        additionalProperties: false,
        affects: 'result',
        description:
          'Where the data has what a record needs, if it calls it something else: `{instruction: question, output: answer}`. A value is the name of a column, a dotted path into one, or, with `{{`, a Jinja template of the columns.',
      }),
    ),
    turns: Type.Optional(
      Type.Union([Type.Literal('last'), Type.Literal('each')], {
        affects: 'result',
        description:
          'Which answers of a conversation become records: its last one (the default), or each, with the turns before as `history`. Setting it also allows a prompt style that leaves `history` out. With the style `chat` all answers of a conversation are learnt, in one record, unless this is set.',
      }),
    ),
    keep: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        affects: 'result',
        uniqueItems: true,
        description:
          'Further fields of the data that records keep, for `split` and for judges, whose `fields` name them: `[category]`.',
      }),
    ),
    records: Type.Optional(
      Type.String({
        affects: 'result',
        minLength: 1,
        description:
          'Dotted path of the array of items inside of a JSON object; found by itself if there is only one.',
      }),
    ),
    encoding: Type.String({
      affects: 'result',
      default: 'utf-8',
      legacy: 'utf-8',
      minLength: 1,
      description: 'Encoding of the text: `utf-8`, `windows-1252`, `utf-16le`, `shift_jis` and so on.',
    }),
  },
  { additionalProperties: false },
);
export type FormatSettings = Static<typeof formatSettings>;
