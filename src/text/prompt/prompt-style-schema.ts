import { type Static, Type } from 'typebox';

/**
 * Settings of a prompt style, the piece under configs/prompts: the one source of training texts, of the prompts that a
 * model is given, of where a prompt ends for masks, and of where a reply begins and ends. Templates are Jinja and see
 * the record's fields; as in Jinja, one line feed at the very end of a template is dropped.
 */
export const PromptStyle = Type.Object(
  {
    prompt: Type.String({
      minLength: 1,
      description:
        'Jinja template of what the model is given before it replies; sees instruction and input, and of a conversation system and history, a list of {role, content}. A line feed at its very end is dropped: write {{ "\\n" }}.',
    }),
    response: Type.String({
      minLength: 1,
      description:
        'Jinja template of what follows the prompt in a training text, so that prompt and response are the whole text; sees output too.',
    }),
    header: Type.String({
      description:
        'Text that opens a response and is cut out of a reply; empty where the prompt ends with it.',
    }),
    chat_template: Type.Optional(
      Type.Literal('model', {
        description:
          "With `model`, `prompt` and `response` are what the user and the assistant say last, and the model's own chat template writes the whole conversation, once the model is known: in `tokenize`, `dpo` and `generate`.",
      }),
    ),
    stop: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'A reply ends before the first of these texts.',
    }),
  },
  { additionalProperties: false },
);
export type PromptStyle = Static<typeof PromptStyle>;
