import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { minimize } from '../../src/training/loop.ts';
import {
  type PreferencePair,
  pairLogProbabilities,
} from '../../src/training/objective/pair-log-probabilities.ts';
import { preferences } from '../../src/training/objective/preferences.ts';
import type { TrainingOptions } from '../../src/training/state/training-state.ts';
import { tinyGpt2, tinyTokens } from '../model/tiny-gpt2.ts';
import { undisturbed } from './undisturbed.ts';

/** The same epoch in PyTorch: see dpo.py. */
interface Golden {
  readonly losses: readonly number[];
  readonly log: readonly {
    readonly step: number;
    readonly train: Readonly<Record<string, number>>;
    readonly validation: Readonly<Record<string, number>>;
  }[];
}
const golden: Record<'average' | 'sum', Golden> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/dpo.json'), 'utf8'),
);

const END_OF_TEXT = 60;

/** Tokens of a text, which does not hold its end. */
const tokens = (name: string, count: number) => tinyTokens(name, count).map((token) => token % END_OF_TEXT);

const pairs = (name: string, count: number): PreferencePair[] =>
  Array.from({ length: count }, (_, i) => {
    const prompt = tokens(`${name} prompt ${i}`, 2 + (i % 5));
    return {
      chosen: Int32Array.from([...prompt, ...tokens(`${name} chosen ${i}`, 1 + ((3 * i) % 7))]),
      rejected: Int32Array.from([...prompt, ...tokens(`${name} rejected ${i}`, 1 + ((5 * i) % 6))]),
      promptLength: prompt.length,
    };
  });
const data = { train: pairs('train', 32), validation: pairs('validation', 7) };
const options: TrainingOptions = {
  optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, decayOn: 'all' },
  learningRate: { schedule: 'constant', peak: 0.002, warmup: 0, initial: 0, minimum: 0 },
  maxGradNorm: null,
  epochs: 1,
  batchSize: 3,
  rowsAtOnce: 3,
  dropout: 0,
  seed: 123,
  shuffle: 'pytorch',
  maxLength: 24,
  evalEvery: 3,
  evalBatches: 2,
  keep: 'last',
  earlyStopping: null,
  sampleTokens: 0,
};
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** Losses of the updates and the history of the epoch of dpo.py. */
async function optimize(averageLogProbabilities: boolean, rowsAtOnce: number) {
  const pairOptions = {
    beta: 0.1,
    averageLogProbabilities,
    rowsAtOnce,
    maxLength: 24,
    endOfText: END_OF_TEXT,
  };
  const model = tinyGpt2(false);
  const pause = async () => {};
  const reference = {
    train: await pairLogProbabilities(model, data.train, pairOptions, pause),
    validation: await pairLogProbabilities(model, data.validation, pairOptions, pause),
  };
  const folder = await mkdtemp(join(tmpdir(), 'pipe-preferences-'));
  folders.push(folder);
  const losses: number[] = [];
  const objective = preferences(model, data, reference, pairOptions);
  const examples = { ...data, endOfText: END_OF_TEXT, samplePrompt: Int32Array.of(1, 2, 3) };
  const { history } = await minimize(
    model,
    objective,
    examples,
    { ...options, rowsAtOnce },
    undisturbed(folder, { onUpdate: ({ loss }) => losses.push(loss) }),
  );
  model.dispose();
  return { losses, history };
}

const close = (value: number) => expect.closeTo(value, 5);

describe.each(['cpu', 'onnxruntime'] as const)('direct preference optimization on %s', (engine) => {
  beforeAll(async () => {
    await loadEngine(engine);
  });

  it.each([
    { probabilities: 'average', rowsAtOnce: 3 },
    { probabilities: 'average', rowsAtOnce: 2 },
    { probabilities: 'sum', rowsAtOnce: 3 },
  ] as const)(
    'has the losses and rewards of PyTorch: the $probabilities of log probabilities, $rowsAtOnce pairs at once',
    async ({ probabilities, rowsAtOnce }) => {
      const expected = golden[probabilities];
      const { losses, history } = await optimize(probabilities === 'average', rowsAtOnce);
      expect(losses).toEqual(expected.losses.map(close));
      expect(history).toEqual(
        expected.log.map(({ step, train, validation }) =>
          expect.objectContaining({
            updates: step + 1,
            trainLoss: close(train.loss!),
            validationLoss: close(validation.loss!),
            measures: {
              train_chosen_reward: close(train.chosen_reward!),
              train_rejected_reward: close(train.rejected_reward!),
              train_reward_margin: close(train.reward_margin!),
              train_accuracy: close(train.accuracy!),
              validation_chosen_reward: close(validation.chosen_reward!),
              validation_rejected_reward: close(validation.rejected_reward!),
              validation_reward_margin: close(validation.reward_margin!),
              validation_accuracy: close(validation.accuracy!),
            },
          }),
        ),
      );
    },
  );

  it('begins with a loss of ln 2', async () => {
    const { losses } = await optimize(true, 3);
    expect(losses[0]).toBeCloseTo(Math.LN2, 7);
  });
});
