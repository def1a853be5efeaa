import { defineStage, type Problem } from '../../contract/stage-type.ts';
import type { ModelPiece } from '../../model/files/model-piece.ts';
import { pretrainedSettings } from './settings.ts';

export const pretrained = defineStage({
  uses: 'pretrained',
  version: 1,
  summary: 'Brings a GPT-2 into a model folder: published weights, or random ones.',
  example: `
model:
  uses: pretrained
  with: { source: openai, model: gpt2-medium }
`,
  settings: pretrainedSettings,
  inputs: {
    folder: {
      artifact: 'directory',
      optional: true,
      description: 'Files that are here already, in the form of the source; nothing is downloaded then.',
    },
  },
  outputs: () => ({
    model: {
      artifact: 'directory',
      path: 'model',
      description: 'The model, a Hugging Face folder that `transformers` loads.',
    },
  }),
  diskBytes({ source, model }, inputBytes) {
    const download = source === 'random' || 'folder' in inputBytes ? 0 : modelBytes(model);
    return download + modelBytes(model);
  },
  async preflight(settings, { inputBytes }): Promise<readonly Problem[]> {
    const { pretrainedProblems } = await import('./run-pretrained.ts');
    return pretrainedProblems(settings, 'folder' in inputBytes);
  },
  async run(context) {
    const { runPretrained } = await import('./run-pretrained.ts');
    await runPretrained(context);
  },
});

/** Bytes of the weights with a head of their own, in float32. */
function modelBytes({ n_layer, n_embd, n_positions, vocab_size }: ModelPiece): number {
  return 4 * (n_layer * 12 * n_embd ** 2 + (2 * vocab_size + n_positions) * n_embd);
}
