import { type Static, Type } from '@sinclair/typebox';
import { defineStage } from '../contract/stage-type.ts';
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
    strategy: Type.Literal('greedy', {
      affects: 'result',
      default: 'greedy',
      description: '`greedy`: always the likeliest token.',
    }),
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
  async run(context) {
    const { runGenerate } = await import('./run-generate.ts');
    await runGenerate(context);
  },
});
