import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';
import type { Gradients } from '../../src/model/network/training-pass.ts';
import { uncountedTexts, withoutTexts } from '../../src/training/data/counted-texts.ts';
import { minimize, type Update } from '../../src/training/loop.ts';
import { collated, meanLoss, meanLossGradients } from '../../src/training/objective/batch-loss.ts';
import { nextTokens } from '../../src/training/objective/next-tokens.ts';
import { gradientNorm } from '../../src/training/optimizer/clipping.ts';
import type { TrainingData, TrainingOptions } from '../../src/training/state/training-state.ts';
import { tinyGpt2, tinyTokens } from '../model/tiny-gpt2.ts';
import { undisturbed } from './undisturbed.ts';

interface Golden {
  readonly batches: readonly { readonly loss: number; readonly norm: number; readonly empty: number }[];
  readonly left_out: Readonly<Record<'train' | 'validation', readonly number[]>>;
  readonly history: readonly {
    readonly updates: number;
    readonly train: number;
    readonly validation: number;
  }[];
  readonly steps: readonly { readonly loss: number; readonly norm: number }[];
  /** The first four elements of each parameter after the last step. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}
const golden: Golden = JSON.parse(
  readFileSync(new URL('../golden/counted-targets.json', import.meta.url), 'utf8'),
);

/** The texts of test/golden/counted_targets.py. */
function examples(name: string, count: number) {
  const texts = Array.from({ length: count }, (_, i) =>
    Int32Array.from(tinyTokens(`${name}${i}`, 3 + ((i * 7) % 17))),
  );
  const promptLengths = texts.map(({ length }, i) =>
    i % 5 === 4 ? length + 1 : Math.min(length, 1 + ((i * 5) % 14)),
  );
  return { texts, promptLengths };
}
const train = examples('train', 22);
const validation = examples('validation', 7);
const data: TrainingData = {
  train: train.texts,
  validation: validation.texts,
  promptLengths: { train: train.promptLengths, validation: validation.promptLengths },
  endOfText: 60,
  samplePrompt: Int32Array.of(1, 2, 3),
};
const options: TrainingOptions = {
  optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, decayOn: 'all' },
  learningRate: { schedule: 'constant', peak: 0.01, warmup: 0, initial: 0, minimum: 0 },
  maxGradNorm: 1e9, // clips nothing, and has the norm of each update measured
  epochs: 3,
  batchSize: 4,
  rowsAtOnce: 2,
  dropout: 0,
  seed: 123,
  shuffle: 'none',
  maxLength: 8,
  evalEvery: 2,
  evalBatches: 2,
  keep: 'last',
  earlyStopping: null,
  sampleTokens: 0,
};
const leftOut = {
  train: uncountedTexts('train', data, options),
  validation: uncountedTexts('validation', data, options),
};
const quietly = async () => {};

describe('texts of which nothing counts', () => {
  it('are those whose targets PyTorch ignores, all of them', () => {
    for (const part of ['train', 'validation'] as const)
      expect(leftOut[part].map(({ index }) => index)).toEqual(golden.left_out[part]);
  });

  it('say why', () => {
    const reasonsOf = (texts: readonly number[][], prompts: readonly number[]) => {
      const train = texts.map((text) => Int32Array.from(text));
      const promptLengths = { train: prompts, validation: [] };
      return uncountedTexts('train', { ...data, train, promptLengths }, options);
    };
    const long = Array.from({ length: 12 }, (_, i) => i);
    expect(reasonsOf([long, [1, 2, 3], [], long, [1, 2, 3]], [9, 4, 0, 8, 3])).toEqual([
      { index: 0, reason: 'its prompt alone fills the context' },
      { index: 1, reason: 'masking leaves nothing of it' },
      { index: 2, reason: 'it has no tokens' },
    ]);
  });

  it('have no loss', async () => {
    await loadEngine('cpu');
    const batch = collated('train', [2, 4], data, options);
    const model = tinyGpt2(false);
    await expect(meanLoss(model, batch, 2, quietly)).rejects.toThrow('a batch in which no target counts');
    model.dispose();
  });
});

describe.each(['cpu', 'wasm', 'onnxruntime'] as const)('on %s', (engine) => {
  beforeAll(() => loadEngine(engine));

  it.each([1, 2, 4])(
    'a batch with empty members, %i at once, has the loss and gradient of PyTorch',
    async (rows) => {
      const model = tinyGpt2(false);
      for (const [i, expected] of golden.batches.entries()) {
        const batch = collated(
          'train',
          [0, 1, 2, 3].map((row) => 4 * i + row),
          data,
          options,
        );
        const gradients: Gradients = new Map();
        const loss = await meanLossGradients(model, batch, rows, gradients, quietly);
        expect(loss).toBeCloseTo(expected.loss, 4);
        expect(await gradientNorm(gradients.values())).toBeCloseTo(expected.norm, 4);
        tf.dispose([...gradients.values()]);
      }
      model.dispose();
    },
  );

  it('a training without them has the losses, gradient norms and weights of PyTorch', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pipe-counted-'));
    const model = tinyGpt2(false);
    const updates: Update[] = [];
    const counted = withoutTexts(data, leftOut);
    const { history } = await minimize(
      model,
      nextTokens(model, counted, options),
      counted,
      options,
      undisturbed(folder, { onUpdate: (update) => updates.push(update) }),
    );
    rmSync(folder, { recursive: true });

    expect(history.map((row) => [row.updates, row.trainLoss, row.validationLoss])).toEqual(
      golden.history.map((row) => [
        row.updates,
        expect.closeTo(row.train, 4),
        expect.closeTo(row.validation, 4),
      ]),
    );
    expect(updates.map(({ loss, gradNorm }) => [loss, gradNorm])).toEqual(
      golden.steps.map(({ loss, norm }) => [expect.closeTo(loss, 4), expect.closeTo(norm, 3)]),
    );
    for (const [name, expected] of Object.entries(golden.parameters)) {
      const found = model.parameters.get(name)!.dataSync();
      for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 4);
    }
    model.dispose();
  });
});
