import { Type } from 'typebox';
import { askingSettings, label } from '../language-model/model-settings.ts';

/** A language model in this process, through llama.cpp. */
export const LlamaCppJudge = Type.Object(
  {
    kind: Type.Literal('llama-cpp'),
    label,
    ...askingSettings,
    options: Type.Optional(
      Type.Object(
        {
          seed: Type.Optional(Type.Integer({ minimum: 0, description: 'Seed of sampling.' })),
          temperature: Type.Optional(
            Type.Number({
              minimum: 0,
              description: 'How freely tokens are sampled; at 0 the likeliest is taken.',
            }),
          ),
          top_k: Type.Optional(
            Type.Integer({ minimum: 1, description: 'Only the K likeliest tokens are sampled.' }),
          ),
          top_p: Type.Optional(
            Type.Number({
              exclusiveMinimum: 0,
              maximum: 1,
              description: 'Only the likeliest tokens with this probability together are sampled.',
            }),
          ),
          num_ctx: Type.Optional(
            Type.Integer({
              minimum: 64,
              description: 'Tokens of question and reply together; by default 2048.',
            }),
          ),
        },
        { additionalProperties: false, description: 'How the model samples.' },
      ),
    ),
    threads: Type.Optional(
      Type.Integer({
        affects: 'execution',
        minimum: 1,
        description:
          'Threads of llama.cpp; by default one fewer than there are cores, because it stalls where another program keeps one of them busy.',
      }),
    ),
  },
  { additionalProperties: false },
);
