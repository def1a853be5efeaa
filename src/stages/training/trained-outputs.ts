import type { OutputDeclaration } from '../../contract/stage-type.ts';

/** Outputs that every stage that trains declares in the same words. */
export const trainedOutputs = {
  model: { artifact: 'directory', path: 'model', description: 'The trained model, a Hugging Face folder.' },
  loss_curve: {
    artifact: 'file',
    path: 'loss-curve.svg',
    description: 'Losses by epoch and by tokens seen.',
  },
} as const satisfies Readonly<Record<string, OutputDeclaration>>;
