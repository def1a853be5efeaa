import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';
import type { Shuffle } from '../../src/training/data/data-order.ts';
import { minimize } from '../../src/training/loop.ts';
import { nextTokens } from '../../src/training/objective/next-tokens.ts';
import type { TrainingData, TrainingOptions } from '../../src/training/state/training-state.ts';
import { tinyGpt2, tinyTokens } from '../model/tiny-gpt2.ts';
import { undisturbed } from './undisturbed.ts';

const texts = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => Int32Array.from(tinyTokens(`${name}${i}`, 3 + (i % 9))));

const DATA: TrainingData = {
  train: texts('train', 20),
  validation: texts('validation', 4),
  endOfText: 60,
  samplePrompt: Int32Array.of(1),
};

/** The losses of each update of two epochs, measured every `evalEvery` updates. */
async function losses(shuffle: Shuffle, evalEvery: number, seed = 123): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-shuffle-'));
  const model = tinyGpt2(false);
  const losses: number[] = [];
  const options: TrainingOptions = {
    optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, decayOn: 'all' },
    learningRate: { schedule: 'constant', peak: 0.002, warmup: 0, initial: 0, minimum: 0 },
    maxGradNorm: null,
    epochs: 2,
    batchSize: 4,
    rowsAtOnce: 4,
    dropout: 0,
    seed,
    shuffle,
    maxLength: 24,
    evalEvery,
    evalBatches: 1,
    keep: 'last',
    earlyStopping: null,
    sampleTokens: 1,
  };
  await minimize(
    model,
    nextTokens(model, DATA, options),
    DATA,
    options,
    undisturbed(folder, { onUpdate: ({ loss }) => losses.push(loss) }),
  ).finally(() => rmSync(folder, { recursive: true }));
  model.dispose();
  return losses;
}

describe('how often losses are measured', () => {
  beforeAll(() => loadEngine('wasm'));

  it.each(['seeded', 'none'] as const)('does not change a training that is %s', async (shuffle) => {
    expect(await losses(shuffle, 1)).toEqual(await losses(shuffle, 100));
  });

  it('moves the second epoch of one in the order of PyTorch, as there', async () => {
    const [often, seldom] = [await losses('pytorch', 1), await losses('pytorch', 100)];
    expect(often.slice(0, 5)).toEqual(seldom.slice(0, 5));
    expect(often.slice(5)).not.toEqual(seldom.slice(5));
  });

  it('leaves the seed to decide a seeded order', async () => {
    expect(await losses('seeded', 100, 1)).not.toEqual(await losses('seeded', 100, 2));
  });
});
