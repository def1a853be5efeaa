import { defineStage } from '../../contract/stage-type.ts';
import { samplingProblems } from './generate-problems.ts';
import { generateSettings } from './settings.ts';

export const generate = defineStage({
  uses: 'generate',
  version: 1,
  summary: 'Lets a model reply to the prompts of records.',
  example: `
generate:
  uses: generate
  inputs: { records: split.test, model: train.model }
  with: { prompt: alpaca, max_new_tokens: 256, strategy: sample, temperature: 0.7, top_p: 0.9 }
`,
  settings: generateSettings,
  inputs: {
    records: { artifact: 'file', description: 'Records whose prompts are replied to, JSON Lines.' },
    model: { artifact: 'directory', description: 'The model, a Hugging Face folder.' },
  },
  async checkSettings(settings) {
    const { styleProblems } = await import('../../text/prompt/style-problems.ts');
    return [...samplingProblems(settings), ...styleProblems(settings.prompt)];
  },
  outputs: () => ({
    responses: {
      artifact: 'file',
      path: 'responses.json',
      description:
        'JSON array of {instruction, input, output, model_response}; without output for prompts alone, and with `samples` above 1 each reply has its number, `sample`, from 0. What else a record has comes last.',
    },
  }),
  tensors: true,
  async run(context) {
    const { runGenerate } = await import('./run-generate.ts');
    await runGenerate(context);
  },
});
