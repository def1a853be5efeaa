import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { collate } from '../../src/batch/collate.ts';
import { EXACT, packBatch } from '../../src/batch/packed-batch.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { familyOf } from '../../src/model/families/families.ts';
import type { FamilyName } from '../../src/model/families/model-config.ts';
import { addGradients } from '../../src/model/network/batch-gradients.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import type { Gradients, Keeps } from '../../src/model/network/training-pass.ts';
import { meanLossGradients } from '../../src/training/objective/batch-loss.ts';
import type { Objective } from '../../src/training/objective/objective.ts';
import { preferences } from '../../src/training/objective/preferences.ts';
import { AdamW } from '../../src/training/optimizer/adamw.ts';
import { TINY_FAMILIES } from '../model/tiny-families.ts';
import { formulaLora, formulaModel, tinyTokens } from '../model/tiny-gpt2.ts';

const END = 60;
const UPDATES = 3;
const noPause = async () => {};
const text = (name: string, length: number) => Int32Array.from(tinyTokens(name, length));

function tinyModel(family: FamilyName, adapter: boolean): CausalModel {
  const config = TINY_FAMILIES[family];
  const targets = familyOf(config).names.linearInBlock;
  const lora = { rank: 3, alpha: 2, dropout: 0.2, targets };
  return formulaModel(config, adapter ? formulaLora(config, lora, 'numbers') : undefined);
}

/** Losses of some updates, and the bytes of what they trained. */
async function trained(
  family: FamilyName,
  adapter: boolean,
  gradientsOf: (model: CausalModel) => Objective['gradients'],
) {
  const model = tinyModel(family, adapter);
  const adam = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, decayOn: 'all' } as const;
  const optimizer = new AdamW(model.trained, adam);
  const gradients = gradientsOf(model);
  const losses: number[] = [];
  for (let update = 0; update < UPDATES; update++) {
    const sums: Gradients = new Map();
    losses.push((await gradients([0, 1], update, sums, noPause)).loss);
    optimizer.update(sums, update + 1, 1e-2);
  }
  const weights = Array.from(model.trained, ([name, variable]): [string, Float32Array] => [
    name,
    variable.dataSync<'float32'>().slice(),
  ]);
  optimizer.dispose();
  model.dispose();
  return { losses, weights: new Map(weights) };
}

/** Next tokens of three texts, in parts of two, with numbers dropped everywhere. */
function fineTuning(keeps: Exclude<Keeps, 'nothing'>) {
  return (model: CausalModel): Objective['gradients'] =>
    async (_, earlier, sums, pause) => {
      const texts = [text('a', 9), text('b', 4), text('c', 12)];
      const batch = collate(texts, { padToken: END, maxLength: 24 });
      const dropping = { rates: { model: 0.1, adapter: 0.2 }, stream: `7/${earlier}` };
      return {
        loss: await meanLossGradients(model, batch, 2, sums, pause, { dropping, keeps }),
        tokens: batch.inputs.length,
      };
    };
}

function preferring(keeps: Exclude<Keeps, 'nothing'>) {
  const pairs = [0, 1].map((i) => ({
    chosen: text(`chosen${i}`, 9 + i),
    rejected: text(`rejected${i}`, 7),
    promptLength: 3,
  }));
  const reference = pairs.map(() => [-12, -11] as const);
  return (model: CausalModel): Objective['gradients'] =>
    preferences(
      model,
      { train: pairs, validation: pairs },
      { train: reference, validation: reference },
      { beta: 0.1, averageLogProbabilities: true, rowsAtOnce: 1, maxLength: 24, endOfText: END, keeps },
    ).gradients;
}

describe.each(['cpu', 'wasm', 'onnxruntime'] as const)('gradient checkpointing on %s', (engine) => {
  beforeAll(async () => {
    await loadEngine('cpu');
    await loadEngine(engine);
  });

  it.each([
    { what: 'GPT-2 with dropout', family: 'gpt2', adapter: false, by: fineTuning },
    { what: 'an adapter of GPT-2 with dropout', family: 'gpt2', adapter: true, by: fineTuning },
    { what: 'a Llama', family: 'llama', adapter: false, by: fineTuning },
    { what: 'an adapter of a Llama', family: 'llama', adapter: true, by: fineTuning },
    { what: 'a Gemma 3, which has windows', family: 'gemma3_text', adapter: false, by: fineTuning },
    { what: 'GPT-2 on preferences', family: 'gpt2', adapter: false, by: preferring },
  ] as const)('trains $what to the same bytes', async ({ family, adapter, by }) => {
    const kept = await trained(family, adapter, by('everything'));
    const made = await trained(family, adapter, by('inputs'));
    expect(made.losses).toEqual(kept.losses);
    expect(new Set(kept.losses).size).toBe(UPDATES);
    for (const [name, weights] of kept.weights) expect(made.weights.get(name), name).toEqual(weights);
  });
});

describe('memory of a pass', () => {
  beforeAll(() => loadEngine('cpu'));

  it('is, between the ways, what goes into each block, instead of what the blocks made', async () => {
    const model = tinyModel('llama', false);
    const { n_layer, n_embd } = model.config;
    const batch = packBatch(collate([text('a', 10)], { padToken: END, maxLength: 24 }), EXACT);
    const bytesAt = async (keeps: Exclude<Keeps, 'nothing'>) => {
      const sums: Gradients = new Map();
      let atHead = 0;
      let parts = 0;
      const pause = async () => {
        parts++;
        if (parts === n_layer + 1) atHead = tf.memory().numBytes;
      };
      (await addGradients(model, batch, 1, sums, pause, { keeps })).dispose();
      tf.dispose([...sums.values()]);
      return { atHead, after: tf.memory().numBytes };
    };
    const [all, inputs] = [await bytesAt('everything'), await bytesAt('inputs')];
    const { saved } = model.blocks.numbers;
    const ofBlock = (saved.row + saved.place) * 10 + saved.pair * 100;
    expect(all.atHead - inputs.atHead).toBe(4 * n_layer * (ofBlock - n_embd * 10));
    expect(inputs.after).toBe(all.after);
    model.dispose();
  });

  it.each([1, 2, 3, 4, 5])('leaves nothing behind where it is stopped after part %i', async (last) => {
    const model = tinyModel('gpt2', false);
    const batch = packBatch(collate([text('a', 10)], { padToken: END, maxLength: 24 }), EXACT);
    const before = tf.memory().numTensors;
    const sums: Gradients = new Map();
    let parts = 0;
    const pause = async () => {
      if (++parts === last) throw new Error('stopped');
    };
    await expect(addGradients(model, batch, 1, sums, pause, { keeps: 'inputs' })).rejects.toThrow('stopped');
    tf.dispose([...sums.values()]);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('reports shares that rise to the whole', async () => {
    const model = tinyModel('gpt2', false);
    const batch = packBatch(collate([text('a', 10)], { padToken: END, maxLength: 24 }), EXACT);
    const shares: number[] = [];
    const sums: Gradients = new Map();
    const pause = async (share: number) => void shares.push(share);
    (await addGradients(model, batch, 1, sums, pause, { keeps: 'inputs' })).dispose();
    tf.dispose([...sums.values()]);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBeCloseTo(1);
    model.dispose();
  });
});
