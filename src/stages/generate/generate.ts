import { defineStage, type Problem } from '../../contract/stage-type.ts';
import { type GenerateSettings, generateSettings } from './settings.ts';

export const generate = defineStage({
  uses: 'generate',
  version: 1,
  summary: 'Lets a model reply to the prompts of records.',
  settings: generateSettings,
  inputs: {
    records: { artifact: 'file', description: 'Records whose prompts are replied to, JSON Lines.' },
    model: { artifact: 'directory', description: 'The model, a Hugging Face folder.' },
  },
  async checkSettings({ prompt }) {
    const { styleProblems } = await import('../../text/prompt/style-problems.ts');
    return styleProblems(prompt);
  },
  outputs: () => ({
    responses: {
      artifact: 'file',
      path: 'responses.json',
      description:
        'JSON array of {instruction, input, output, model_response}; without output for prompts alone. What else a record has comes last.',
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
