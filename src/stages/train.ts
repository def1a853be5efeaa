import { type Static, Type } from '@sinclair/typebox';
import { defineStage } from '../contract/stage-type.ts';
import { availableMemory, trainingMemory } from '../training/memory.ts';
import { memoryProblem } from './train-memory.ts';

const settings = Type.Object(
  {
    learning_rate: Type.Number({
      affects: 'result',
      default: 5e-5,
      exclusiveMinimum: 0,
      description: 'Learning rate of AdamW, the same for every update.',
    }),
    epochs: Type.Integer({
      affects: 'result',
      default: 2,
      minimum: 0,
      description: 'Passes over the training texts; 0 only measures the losses and copies the model.',
    }),
    batch_size: Type.Integer({
      affects: 'result',
      default: 8,
      minimum: 1,
      description:
        'Texts that are computed at once; an epoch leaves out what does not fill the batches of an update.',
    }),
    gradient_accumulation: Type.Integer({
      affects: 'result',
      legacy: 1,
      default: 1,
      minimum: 1,
      description:
        'Batches in one update, for less memory: batches of 4 with 2 of them in an update are the same training as batches of 8, but for rounding. Losses are measured on as many texts as an update has.',
    }),
    seed: Type.Integer({
      affects: 'result',
      default: 123,
      minimum: 0,
      description: 'Seed of the order of the texts.',
    }),
    shuffle: Type.Union([Type.Literal('pytorch'), Type.Literal('seeded'), Type.Literal('none')], {
      affects: 'result',
      default: 'pytorch',
      description:
        'Order of the texts. `pytorch`: a new one in each epoch, exactly that of data loaders of PyTorch after `torch.manual_seed(seed)`, so that a run can be compared with one in PyTorch step by step; there, each measurement of the losses draws from the same generator and so changes the order of later epochs. `seeded`: a new one in each epoch too, which the seed alone decides; `eval_every` and `eval_batches` do not, and losses are measured on the same training texts each time. `none`: the order of the records in each epoch.',
    }),
    weight_decay: Type.Number({
      affects: 'result',
      default: 0.1,
      minimum: 0,
      description: 'Decoupled weight decay of AdamW, on every parameter.',
    }),
    betas: Type.Array(Type.Number({ minimum: 0, exclusiveMaximum: 1 }), {
      affects: 'result',
      default: [0.9, 0.999],
      minItems: 2,
      maxItems: 2,
      description: 'Decay of the running averages of the gradient and of its square.',
    }),
    epsilon: Type.Number({
      affects: 'result',
      default: 1e-8,
      exclusiveMinimum: 0,
      description: 'Added to the denominator of an AdamW update.',
    }),
    max_length: Type.Integer({
      affects: 'result',
      default: 1024,
      minimum: 1,
      description: "Tokens of a text that are trained on, at most; never more than the model's positions.",
    }),
    mask_instruction: Type.Boolean({
      affects: 'result',
      legacy: false,
      default: false,
      description:
        'Whether only responses are trained on: predicting the tokens of a prompt then counts neither in training nor in the losses that are measured; the header of the response, the response and the end of the text count. docs/guides/instruction-masking.md shows which targets those are, token by token. Prompts are read all the same.',
    }),
    eval_every: Type.Integer({
      affects: 'result',
      default: 5,
      minimum: 1,
      description:
        'Updates between two measurements of the losses; with `shuffle: pytorch` each one moves the order of later epochs.',
    }),
    eval_batches: Type.Integer({
      affects: 'result',
      default: 5,
      minimum: 1,
      description: 'Batches of either data set on which the losses are measured.',
    }),
    sample_tokens: Type.Integer({
      affects: 'result',
      default: 50,
      minimum: 0,
      description:
        "Longest sample, in tokens: how the model goes on from the first validation text's prompt.",
    }),
    checkpoint_every: Type.Number({
      affects: 'execution',
      default: 5,
      minimum: 0,
      description: 'Minutes between two checkpoints; 0 writes one after each update.',
    }),
  },
  { additionalProperties: false },
);
export type TrainSettings = Static<typeof settings>;

export const train = defineStage({
  uses: 'train',
  version: 1,
  summary: 'Fine-tunes a GPT-2 with AdamW.',
  settings,
  inputs: {
    train: { artifact: 'file', description: 'Tokens to train on, safetensors.' },
    validation: { artifact: 'file', description: 'Tokens to validate on, safetensors.' },
    model: { artifact: 'directory', description: 'Model to start from, a Hugging Face folder.' },
  },
  outputs: () => ({
    model: { artifact: 'directory', path: 'model', description: 'The trained model, a Hugging Face folder.' },
    history: {
      artifact: 'file',
      path: 'history.csv',
      description:
        'Losses, learning rate and gradient norm, one line an evaluation; step -1 is before training.',
    },
    loss_curve: {
      artifact: 'file',
      path: 'loss-curve.svg',
      description: 'Losses by epoch and by tokens seen.',
    },
    samples: {
      artifact: 'file',
      path: 'samples.json',
      description:
        'What the model made of one prompt before training and after each epoch: [{epoch, prompt, text}].',
    },
  }),
  tensors: true,
  atMost: 1,
  // The newest checkpoint (parameters and two moments), the one that replaces it, and the result.
  diskBytes: (_, { model = 0 }) => (3 + 3 + 1) * model,
  async preflight(settings, { inputBytes: { model } }) {
    if (model === undefined) return [];
    const needed = (textsAtOnce: number) => trainingMemory(model, textsAtOnce);
    const problem = memoryProblem(needed, settings, availableMemory());
    return problem ? [problem] : [];
  },
  async run(context) {
    const { runTrain } = await import('./run-train.ts');
    await runTrain(context);
  },
});
