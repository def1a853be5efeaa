import { type Static, Type } from 'typebox';
import { PromptStyle } from '../../text/prompt/prompt-style-schema.ts';

export const generateSettings = Type.Object(
  {
    prompt: Type.Object(PromptStyle.properties, {
      additionalProperties: false,
      affects: 'result',
      piece: 'prompts',
      description: 'Prompt style, whose header and stop texts are cut from the replies.',
    }),
    max_new_tokens: Type.Integer({
      affects: 'result',
      default: 256,
      minimum: 1,
      description: 'Longest reply, in tokens.',
    }),
    batch_size: Type.Integer({
      affects: 'result',
      default: 16,
      minimum: 1,
      description:
        'Prompts that are continued at once; it moves the last digits of the scores, so it is keyed.',
    }),
    eos: Type.Optional(
      Type.Integer({
        affects: 'result',
        minimum: 0,
        description: "Token that ends a reply; by default the model's end of text.",
      }),
    ),
    strategy: Type.Union([Type.Literal('greedy'), Type.Literal('sample')], {
      affects: 'result',
      default: 'greedy',
      description:
        'How the next token is chosen. `greedy`: always the likeliest. `sample`: drawn by its probability; `temperature`, `top_k` and `top_p` narrow the choice, in this order, as in transformers.',
    }),
    temperature: Type.Optional(
      Type.Number({
        affects: 'result',
        minimum: 0,
        description:
          'Scores are divided by it before a token is drawn: below 1 likely tokens become likelier, above 1 the others. By default 1. Instead of 0 write `strategy: greedy`.',
      }),
    ),
    top_k: Type.Optional(
      Type.Integer({
        affects: 'result',
        minimum: 1,
        description: 'Sample from the N likeliest tokens only; 1 is the same as `greedy`. By default all.',
      }),
    ),
    top_p: Type.Optional(
      Type.Number({
        affects: 'result',
        exclusiveMinimum: 0,
        maximum: 1,
        description:
          'Only the fewest likeliest tokens whose probabilities add up to this are drawn (nucleus sampling). By default all.',
      }),
    ),
    repetition_penalty: Type.Number({
      affects: 'result',
      default: 1,
      legacy: 1,
      exclusiveMinimum: 0,
      description:
        'Above 1, tokens that the prompt or the reply holds already become less likely: their scores are divided by it where they are positive and multiplied where they are negative, as in transformers (`repetition_penalty`). 1.1 to 1.3 is usual.',
    }),
    no_repeat_ngram_size: Type.Integer({
      affects: 'result',
      default: 0,
      legacy: 0,
      minimum: 0,
      description:
        'No sequence of this many tokens occurs twice in prompt and reply together, as in transformers; 0 allows all.',
    }),
    samples: Type.Integer({
      affects: 'result',
      default: 1,
      legacy: 1,
      minimum: 1,
      maximum: 1000,
      description:
        'Replies to each prompt, drawn independently, with `strategy: sample`. Each is a response of its own, with its number `sample`; judges score each, and the score of an item is the mean of its samples. The first one does not depend on how many there are.',
    }),
    seed: Type.Optional(
      Type.Integer({
        affects: 'result',
        minimum: 0,
        description:
          'Seed of the draws, by default 123. Each reply has draws of its own, so it does not depend on the other replies of its batch.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type GenerateSettings = Static<typeof generateSettings>;
