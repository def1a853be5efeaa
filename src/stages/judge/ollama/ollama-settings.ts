import { Type } from 'typebox';
import { askingSettings, label, serverOptions } from '../language-model/model-settings.ts';

/** A language model behind Ollama's API. */
export const OllamaJudge = Type.Object(
  {
    kind: Type.Literal('ollama'),
    label,
    model: Type.String({ minLength: 1, description: 'Name of the model as `ollama list` shows it.' }),
    ...askingSettings,
    options: serverOptions("Ollama's sampling options, such as seed, temperature, num_ctx and stop."),
    think: Type.Optional(
      Type.Union([Type.Boolean(), Type.Literal('low'), Type.Literal('medium'), Type.Literal('high')], {
        description: 'Whether a reasoning model thinks before it answers, or how much.',
      }),
    ),
    keep_alive: Type.Optional(
      Type.Union([Type.String(), Type.Number()], {
        affects: 'execution',
        description: 'How long the model stays in memory after a question: `10m`, seconds, or -1 for ever.',
      }),
    ),
  },
  { additionalProperties: false },
);
