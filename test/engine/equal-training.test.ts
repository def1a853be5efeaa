import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Batch } from '../../src/batch/collate.ts';
import { collate } from '../../src/batch/collate.ts';
import type { EngineName } from '../../src/contract/engine-name.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';
import type { ModelConfig } from '../../src/model/families/model-config.ts';
import type { Gradients } from '../../src/model/network/training-pass.ts';

import { type InstructionItem, renderPrompt, renderResponse } from '../../src/text/prompt/prompt-style.ts';
import { tokenizerFor } from '../../src/text/tokenizer/tokenizer.ts';
import { minimize } from '../../src/training/loop.ts';
import { meanLossGradients } from '../../src/training/objective/batch-loss.ts';
import { nextTokens } from '../../src/training/objective/next-tokens.ts';
import type { TrainingData, TrainingOptions } from '../../src/training/state/training-state.ts';
import { plainLossAndGradients } from '../model/plain-loss.ts';
import { formulaModel } from '../model/tiny-gpt2.ts';
import { shippedStyle } from '../shipped-style.ts';
import { undisturbed } from '../training/undisturbed.ts';
import { webgpuHere } from './webgpu-here.ts';

/** Losses in nats, and gradients as a part of the largest of their parameter, differ by less than this from cpu's. */
const TOLERANCE = 1e-4;
const UPDATES = 20;
const BATCH = 4;
/** Other programs may have the processors, and a software GPU compiles each shader in hundreds of milliseconds. */
const PATIENCE = 180_000;

const ENGINES: readonly EngineName[] = ['wasm', 'onnxruntime', ...tensorflowHere(), ...webgpuHere];

function tensorflowHere(): readonly 'tensorflow'[] {
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node');
    return ['tensorflow'];
  } catch {
    console.warn('Training on tensorflow is not compared: @tensorflow/tfjs-node is not installed');
    return [];
  }
}

/** GPT-2's tokens of the first quickstart records in the Alpaca style. */
async function alpacaTexts(count: number): Promise<{ texts: Int32Array[]; endOfText: number }> {
  const file = join(import.meta.dirname, '../../pipelines/data/quickstart.json');
  const items: InstructionItem[] = JSON.parse(readFileSync(file, 'utf8')).slice(0, count);
  const style = shippedStyle('alpaca');
  const tokenizer = await tokenizerFor('gpt2');
  const texts = items.map((item) =>
    tokenizer.encode(renderPrompt(style, item) + renderResponse(style, item)),
  );
  return { texts, endOfText: tokenizer.endOfText };
}

/** The texts of UPDATES batches and of validation, their tokens numbered in the order of their ids. */
async function trainingData(): Promise<TrainingData> {
  const { texts, endOfText } = await alpacaTexts(BATCH * (UPDATES + 2));
  const used = [...new Set([...texts.flatMap((text) => [...text]), endOfText])].sort((a, b) => a - b);
  const numbers = new Map(used.map((token, i) => [token, i]));
  const numbered = texts.map((text) => text.map((token) => numbers.get(token)!));
  return {
    train: numbered.slice(0, BATCH * UPDATES),
    validation: numbered.slice(BATCH * UPDATES),
    endOfText: used.length - 1,
    samplePrompt: numbered[0]!.subarray(0, 5),
  };
}

function configOf(vocabulary: number, layers: number, tied: boolean): ModelConfig {
  return {
    model_type: 'gpt2',
    n_layer: layers,
    n_head: 2,
    n_embd: 16,
    n_positions: 128,
    vocab_size: vocabulary,
    layer_norm_epsilon: 1e-5,
    eos_token_id: vocabulary - 1,
    tie_word_embeddings: tied,
  };
}

const options: TrainingOptions = {
  optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, decayOn: 'all' },
  learningRate: { peak: 1e-3, schedule: 'constant', warmup: 0, initial: 0, minimum: 0 },
  maxGradNorm: null,
  epochs: 1,
  batchSize: BATCH,
  rowsAtOnce: BATCH,
  dropout: 0,
  seed: 123,
  shuffle: 'pytorch',
  maxLength: 128,
  evalEvery: 5,
  evalBatches: 2,
  keep: 'last',
  earlyStopping: null,
  sampleTokens: 0,
};

/** The loss of every update, and the measured ones. */
async function losses(engine: EngineName, data: TrainingData): Promise<Record<string, number[]>> {
  await loadEngine(engine);
  const before = [tf.memory().numTensors, tf.backend().numDataIds()];
  const model = formulaModel(configOf(data.endOfText + 1, 2, false));
  const folder = mkdtempSync(join(tmpdir(), 'pipe-equal-training-'));
  const updates: number[] = [];
  try {
    const { history } = await minimize(
      model,
      nextTokens(model, data, options),
      data,
      options,
      undisturbed(folder, { onUpdate: ({ loss }) => updates.push(loss) }),
    );
    const [trained, validated] = [
      history.map(({ trainLoss }) => trainLoss),
      history.map(({ validationLoss }) => validationLoss),
    ];
    return { updates, 'train losses': trained, 'validation losses': validated };
  } finally {
    model.dispose();
    rmSync(folder, { recursive: true });
    expect([tf.memory().numTensors, tf.backend().numDataIds()], 'tensors left behind').toEqual(before);
  }
}

describe(`${UPDATES} updates`, { timeout: PATIENCE }, () => {
  let data: TrainingData;
  let expected: Record<string, number[]>;
  beforeAll(async () => {
    data = await trainingData();
    expected = await losses('cpu', data);
    expect(expected.updates).toHaveLength(UPDATES);
    expect(expected.updates!.at(-1)).toBeLessThan(expected.updates![0]! - 0.5);
  }, PATIENCE);

  it.each(ENGINES)('have the same losses on %s as on cpu', async (engine) => {
    const actual = await losses(engine, data);
    for (const [which, values] of Object.entries(expected)) {
      expect(furthest(actual[which]!, values), which).toBeLessThan(TOLERANCE);
    }
  });
});

describe.each([
  { what: 'real texts', tied: false, full: false },
  { what: 'the full vocabulary, most tokens again and again', tied: false, full: true },
  { what: 'the full vocabulary, most tokens again and again, tied', tied: true, full: true },
])('the gradients of every parameter: $what', { timeout: PATIENCE }, ({ tied, full }) => {
  let config: ModelConfig;
  let batch: Batch;
  let expected: Awaited<ReturnType<typeof plainLossAndGradients>>;

  // Those that TensorFlow.js derives from the plain formulas on cpu.
  beforeAll(async () => {
    if (full) {
      const { texts, endOfText } = await alpacaTexts(3);
      config = configOf(endOfText + 1, 1, tied);
      batch = collate(texts, { padToken: endOfText, maxLength: 24 }); // the same words in each
    } else {
      const { train, endOfText } = await trainingData();
      config = configOf(endOfText + 1, 2, tied);
      batch = collate(train.slice(0, 2 * BATCH), { padToken: endOfText, maxLength: 128 });
    }
    await loadEngine('cpu');
    const model = formulaModel(config);
    expected = await plainLossAndGradients(model, batch);
    model.dispose();
  }, PATIENCE);

  it.each(ENGINES)('are on %s as on cpu', async (engine) => {
    await loadEngine(engine);
    const model = formulaModel(config);
    const gradients: Gradients = new Map();
    const loss = await meanLossGradients(model, batch, batch.rows, gradients, async () => {});
    expect(Math.abs(loss - expected.loss)).toBeLessThan(TOLERANCE);
    expect([...gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
    for (const [name, gradient] of gradients) {
      const [actual, values] = [await gradient.data(), expected.gradients.get(name)!];
      const [ours, theirs] = [meaningful(name, actual), meaningful(name, values)];
      const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(furthest(ours, theirs) / largest, name).toBeLessThan(TOLERANCE);
    }
    tf.dispose([...gradients.values()]);
    model.dispose();
  });
});

/** The bias of the keys has no gradient but rounding errors: it moves all scores of a query alike. */
function meaningful(name: string, gradient: ArrayLike<number>): number[] {
  const third = gradient.length / 3;
  return Array.from(gradient).filter((_, i) => !name.endsWith('c_attn.bias') || i < third || i >= 2 * third);
}

/** The largest difference; NaN where any number is NaN. */
function furthest(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= most)) most = difference;
  }
  return most;
}
