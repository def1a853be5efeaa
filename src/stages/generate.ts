import { type Static, Type } from '@sinclair/typebox';
import { defineStage, type Problem } from '../contract/stage-type.ts';
import { PromptStyle } from '../text/prompt-style-schema.ts';

const settings = Type.Object(
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
        exclusiveMinimum: 0,
        description:
          'Scores are divided by it before a token is drawn: below 1 likely tokens become likelier, above 1 the others. By default 1.',
      }),
    ),
    top_k: Type.Optional(
      Type.Integer({
        affects: 'result',
        minimum: 1,
        description:
          'Only the so many likeliest tokens are drawn; 1 is the same as `greedy`. By default all.',
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
    seed: Type.Optional(
      Type.Integer({
        affects: 'result',
        minimum: 0,
        description:
          'Seed of the draws, by default 123. Each record has draws of its own, so its reply does not depend on which others are continued beside it.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type GenerateSettings = Static<typeof settings>;

export const generate = defineStage({
  uses: 'generate',
  version: 1,
  summary: 'Lets a model reply to the prompts of records.',
  settings,
  inputs: {
    records: { artifact: 'file', description: 'Records whose prompts are replied to, JSON Lines.' },
    model: { artifact: 'directory', description: 'The model, a Hugging Face folder.' },
  },
  outputs: () => ({
    responses: {
      artifact: 'file',
      path: 'responses.json',
      description: 'JSON array of {instruction, input, output, model_response}.',
    },
  }),
  tensors: true,
  preflight: async (settings) => samplingProblems(settings),
  async run(context) {
    const { runGenerate } = await import('./run-generate.ts');
    await runGenerate(context);
  },
});

/** Settings that say how to draw, where nothing is drawn. */
function samplingProblems(settings: GenerateSettings): Problem[] {
  const names = (['temperature', 'top_k', 'top_p', 'seed'] as const).filter(
    (name) => settings[name] !== undefined,
  );
  if (settings.strategy === 'sample' || names.length === 0) return [];
  return [
    {
      message: `With the strategy greedy nothing is drawn, so ${names.join(', ')} would change nothing.`,
      hint: `Set strategy: sample, or remove ${names.join(', ')}.`,
    },
  ];
}
