import { type Static, Type } from '@sinclair/typebox';

/** Settings of a prompt style, the piece under configs/prompts. Templates are Jinja and see the record's fields. */
export const PromptStyle = Type.Object(
  {
    prompt: Type.String({
      minLength: 1,
      description:
        'Jinja template of what the model is given, up to the header of the response; sees instruction and input.',
    }),
    response: Type.String({
      minLength: 1,
      description:
        'Jinja template of what follows the prompt in a training text, header included; sees output too.',
    }),
    header: Type.String({ description: 'Text that opens a response and is cut out of a reply.' }),
    stop: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'A reply ends before the first of these texts.',
    }),
  },
  { additionalProperties: false },
);
export type PromptStyle = Static<typeof PromptStyle>;
