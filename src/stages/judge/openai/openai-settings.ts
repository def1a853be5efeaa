import { Type } from 'typebox';
import { askingSettings, label, serverOptions } from '../language-model/model-settings.ts';

/** A language model behind the API of OpenAI, which many servers speak. */
export const OpenAiJudge = Type.Object(
  {
    kind: Type.Literal('openai'),
    label,
    model: Type.String({ minLength: 1, description: 'Name of the model as GET /models lists it.' }),
    ...askingSettings,
    options: Type.Optional(
      serverOptions('Further fields of the request, such as seed, temperature and reasoning_effort.'),
    ),
    context_tokens: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'Size of the context. A question that fills it was cut by the server, and gets no score.',
      }),
    ),
  },
  { additionalProperties: false },
);
