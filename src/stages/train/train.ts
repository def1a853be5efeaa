import { defineStage } from '../../contract/stage-type.ts';
import { availableMemory, trainingMemory } from '../../training/memory.ts';
import { validationLoss } from '../training/history-metrics.ts';
import { memoryProblem, type Need } from '../training/train-memory.ts';
import { scheduleProblems } from '../training/train-schedule.ts';
import { trainedOutputs } from '../training/trained-outputs.ts';
import { trainSettings } from './settings.ts';

export const train = defineStage({
  uses: 'train',
  // Masked trainings of version 1 counted texts without a response as a loss of 0, and updated on them.
  version: ({ mask_instruction }) => (mask_instruction ? 2 : 1),
  summary: 'Fine-tunes a language model, or an adapter of it, with AdamW.',
  example: `
train:
  uses: train
  inputs: { train: tokenize.train, validation: tokenize.validation, model: model.model }
  with: { learning_rate: 5e-5, epochs: 2, batch_size: 8, keep: best }
`,
  settings: trainSettings,
  inputs: {
    train: { artifact: 'file', description: 'Tokens to train on, safetensors.' },
    validation: { artifact: 'file', description: 'Tokens to validate on, safetensors.' },
    model: { artifact: 'directory', description: 'Model to start from, a Hugging Face folder.' },
  },
  outputs: ({ lora }) => ({
    model: trainedOutputs.model,
    ...(lora && {
      adapter: {
        artifact: 'directory',
        path: 'adapter',
        description: "With `lora`: the adapter alone, in PEFT's format, for `PeftModel.from_pretrained`.",
      },
    }),
    history: {
      artifact: 'file',
      path: 'history.csv',
      description:
        'Losses, learning rate and gradient norm, one line an evaluation; step -1 is before training. With `keep: best` a last column has a 1 for the evaluation that was kept.',
    },
    loss_curve: trainedOutputs.loss_curve,
    samples: {
      artifact: 'file',
      path: 'samples.json',
      description:
        'What the model made of one prompt before training and after each epoch: [{epoch, prompt, text}]. With `keep: best` the last one is of the model that was kept: `kept: true`.',
    },
  }),
  metrics: [validationLoss],
  tensors: true,
  atMost: 1,
  // Peak use: the result (1), the newest checkpoint and its successor (3 each: parameters and two moments), and, with
  // `keep: best`, two copies of the best weights. An adapter is small: twice the model covers it.
  diskBytes: ({ lora, keep }, { model = 0 }) => (lora ? 2 : 3 + 3 + 1 + (keep === 'best' ? 2 : 0)) * model,
  async preflight(settings, { inputBytes: { model } }) {
    const problems = scheduleProblems(settings);
    if (model === undefined) return problems;
    const size = {
      gradientCheckpointing: settings.gradient_checkpointing,
      ...(settings.lora && { adapter: 0 }),
    };
    const needed: Need = (textsAtOnce, change) => trainingMemory(model, { ...size, ...change, textsAtOnce });
    const problem = memoryProblem(needed, settings, availableMemory(), { adapters: true });
    return problem ? [...problems, problem] : problems;
  },
  async run(context) {
    const { runTrain } = await import('./run-train.ts');
    await runTrain(context);
  },
});
