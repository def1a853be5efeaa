import { type Static, Type } from 'typebox';
import { optimizationSettings } from '../training/optimization-settings.ts';

const { properties: optimization } = optimizationSettings;

export const dpoSettings = Type.Object(
  {
    ...optimization,
    beta: Type.Number({
      affects: 'result',
      default: 0.1,
      exclusiveMinimum: 0,
      description:
        'Strength of the pull towards the reference model (β). Usually 0.1 to 0.5; lower values let the model move further.',
    }),
    average_log_probabilities: Type.Boolean({
      affects: 'result',
      default: true,
      description:
        'Whether a response counts by the mean of the log probabilities of its tokens, as in the book, so that its length is no reason to prefer it, or by their sum, as in the paper.',
    }),
    learning_rate: Type.Number({
      ...optimization.learning_rate,
      default: 5e-6,
    }),
    epochs: Type.Integer({
      affects: 'result',
      default: 1,
      minimum: 0,
      description: 'Passes over the pairs; 0 only measures and copies the model.',
    }),
    batch_size: Type.Integer({
      affects: 'result',
      default: 8,
      minimum: 1,
      description:
        'Pairs that are computed at once, two texts each; an epoch leaves out what does not fill the batches of an update.',
    }),
    weight_decay: Type.Number({ ...optimization.weight_decay, default: 0.01 }),
  },
  { additionalProperties: false },
);
export type DpoSettings = Static<typeof dpoSettings>;
