import { defineStage } from '../../contract/stage-type.ts';
import { availableMemory, trainingMemory } from '../../training/memory.ts';
import { validationAccuracy, validationLoss } from '../training/history-metrics.ts';
import { memoryProblem, type Need } from '../training/train-memory.ts';
import { scheduleProblems } from '../training/train-schedule.ts';
import { trainedOutputs } from '../training/trained-outputs.ts';
import { dpoSettings } from './settings.ts';

export const dpo = defineStage({
  uses: 'dpo',
  version: 1,
  summary:
    'Teaches a model which of two responses is preferred: direct preference optimization (https://arxiv.org/abs/2305.18290).',
  example: `
preferences:
  uses: dpo
  # Records of pairs: a format stage writes them of data that has chosen and rejected answers.
  inputs: { train: split.train, validation: split.validation, model: train.model }
  with: { learning_rate: 5e-6, beta: 0.1, epochs: 1 }
`,
  settings: dpoSettings,
  inputs: {
    train: {
      artifact: 'file',
      description: 'Preference pairs to train on: records with a rejected response, JSON Lines.',
    },
    validation: { artifact: 'file', description: 'Preference pairs to validate on, JSON Lines.' },
    model: {
      artifact: 'directory',
      description:
        'Model to start from, a Hugging Face folder, best one that is fine-tuned already. It is also the reference, which stays as it is.',
    },
  },
  outputs: () => ({
    model: trainedOutputs.model,
    history: {
      artifact: 'file',
      path: 'history.csv',
      description:
        "As of `train`, and for both data sets the rewards of the chosen and the rejected responses, their margin, and the accuracy: the share of pairs in which the chosen response has the higher reward. A reward is by how much the log probability of a response is above the reference's, without beta.",
    },
    loss_curve: trainedOutputs.loss_curve,
    samples: {
      artifact: 'file',
      path: 'samples.json',
      description:
        'What the model made of one prompt before training and after each epoch: [{epoch, prompt, text}].',
    },
  }),
  metrics: [validationAccuracy, validationLoss],
  tensors: true,
  atMost: 1,
  // The newest checkpoint (parameters and two moments), the one that replaces it, and the result; the best weights twice.
  diskBytes: ({ keep }, { model = 0 }) => (3 + 3 + 1 + (keep === 'best' ? 2 : 0)) * model,
  async preflight(settings, { inputBytes: { model } }) {
    const problems = scheduleProblems(settings);
    if (model === undefined) return problems;
    const { gradient_checkpointing: gradientCheckpointing } = settings;
    const needed: Need = (pairsAtOnce, change) =>
      trainingMemory(model, { textsAtOnce: 2 * pairsAtOnce, gradientCheckpointing, ...change });
    const problem = memoryProblem(needed, settings, availableMemory(), { adapters: false });
    return problem ? [...problems, problem] : problems;
  },
  async run(context) {
    const { runDpo } = await import('./run-dpo.ts');
    await runDpo(context);
  },
});
