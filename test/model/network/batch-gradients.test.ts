import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Batch, collate } from '../../../src/batch/collate.ts';
import { countTargets, EXACT, type Granularity, packBatch } from '../../../src/batch/packed-batch.ts';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import {
  addGradients,
  addGradientsOf,
  batchLoss,
  targetLosses,
} from '../../../src/model/network/batch-gradients.ts';
import type { CausalModel } from '../../../src/model/network/causal-model.ts';
import type { Gradients } from '../../../src/model/network/training-pass.ts';
import { plainLossAndGradients } from '../plain-loss.ts';
import { tinyGpt2, tinyLora, tinyTokens } from '../tiny-gpt2.ts';

const END = 60;
const noPause = async () => {};

/** Texts of these lengths, collated as for training. */
function batchOf(...lengths: number[]): Batch {
  const texts = lengths.map((length, i) => Int32Array.from(tinyTokens(`text${i}`, length)));
  return collate(texts, { padToken: END, maxLength: 24 });
}

/** Loss and gradients of some batches that together make one, packed. */
async function packed(model: CausalModel, batches: readonly Batch[], granularity: Granularity = EXACT) {
  const count = batches.reduce((sum, batch) => sum + countTargets(batch), 0);
  const sums: Gradients = new Map();
  let total = 0;
  for (const batch of batches) {
    const loss = await addGradients(model, packBatch(batch, granularity), 1 / count, sums, noPause);
    total += loss.dataSync()[0]!;
    loss.dispose();
  }
  const gradients = Array.from(sums, ([name, sum]) => [name, sum.dataSync<'float32'>()] as const);
  tf.dispose([...sums.values()]);
  return { loss: total, gradients: new Map(gradients) };
}

type Result = Awaited<ReturnType<typeof packed>>;

function expectSame(actual: Result, expected: Result): void {
  expect(actual.loss).toBeCloseTo(expected.loss, 5);
  expect([...actual.gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
  for (const [name, gradient] of expected.gradients) {
    const found = actual.gradients.get(name)!;
    const furthest = Math.max(...Array.from(gradient, (value, i) => Math.abs(value - found[i]!)));
    expect(furthest, name).toBeLessThan(1e-5);
  }
}

const ADAPTER = { rank: 3, alpha: 2, dropout: 0, targets: ['c_attn', 'c_fc', 'mlp.c_proj'] };

describe.each([
  ['cpu', 'tied'],
  ['cpu', 'untied'],
  ['wasm', 'untied'],
  ['onnxruntime', 'tied'],
  ['onnxruntime', 'untied'],
  ['cpu', 'adapter'],
  ['onnxruntime', 'adapter'],
] as const)('a pass over a packed batch on %s, head or adapter: %s', (engine, kind) => {
  let model: CausalModel;
  beforeAll(async () => {
    await loadEngine('cpu');
    await loadEngine(engine);
    model = kind === 'adapter' ? tinyGpt2(true, tinyLora(ADAPTER, 'numbers')) : tinyGpt2(kind === 'tied');
  });
  afterAll(() => model.dispose());

  const unequal = batchOf(5, 17, 1, 9);
  const full = batchOf(8, 8, 8);

  it.each([
    { what: 'unequal texts', batch: unequal, granularity: EXACT },
    { what: 'unequal texts, filled up', batch: unequal, granularity: { rows: 16, length: 8 } },
    { what: 'equal texts', batch: full, granularity: EXACT },
    { what: 'equal texts, filled up', batch: full, granularity: { rows: 16, length: 5 } },
    { what: 'equal texts that fill everything', batch: full, granularity: { rows: 8, length: 8 } },
  ])('has the loss and the gradients of the padded batch: $what', async ({ batch, granularity }) => {
    expectSame(await packed(model, [batch], granularity), await plainLossAndGradients(model, batch));
  });

  it('adds up over parts of a batch to the loss and the gradients of the whole', async () => {
    expectSame(await packed(model, [batchOf(5, 17), batchOf(5, 17, 1, 9)]), await concatenated());
  });

  /** The same texts in one batch: the second part holds those of the first again. */
  async function concatenated(): Promise<Result> {
    const tokens = [5, 17, 5, 17, 1, 9].map((length, i) =>
      Int32Array.from(tinyTokens(`text${i < 2 ? i : i - 2}`, length)),
    );
    return await plainLossAndGradients(model, collate(tokens, { padToken: END, maxLength: 24 }));
  }

  it('measures the same loss without gradients', async () => {
    const loss = await batchLoss(model, packBatch(unequal, EXACT), 1 / countTargets(unequal), noPause);
    expect(loss.dataSync()[0]).toBeCloseTo((await plainLossAndGradients(model, unequal)).loss, 5);
    loss.dispose();
  });

  it('takes the gradient of any function of the losses back, of which the weighted sum is one', async () => {
    const granularity = { rows: 16, length: 8 };
    const batch = packBatch(unequal, granularity);
    const weight = 1 / countTargets(unequal);
    const losses: Float32Array[] = [await targetLosses(model, batch, noPause)];
    const sums: Gradients = new Map();
    const derive = (given: Float32Array) => {
      losses.push(given);
      return given.map(() => weight);
    };
    await addGradientsOf(derive, model, batch, sums, noPause);
    const gradients = Array.from(sums, ([name, sum]) => [name, sum.dataSync<'float32'>()] as const);
    tf.dispose([...sums.values()]);

    expect(losses[1]).toEqual(losses[0]);
    expect(losses[0]).toHaveLength(countTargets(unequal));
    const loss = losses[0]!.reduce((sum, loss) => sum + weight * loss, 0);
    expectSame({ loss, gradients: new Map(gradients) }, await packed(model, [unequal], granularity));
  });

  it('leaves nothing behind, wherever it is stopped', async () => {
    await packed(model, [unequal]); // by now the parameters are on this engine
    const before = [tf.memory().numTensors, tf.backend().numDataIds()];
    const shares: number[] = [];
    const note = async (share: number) => {
      shares.push(share);
    };
    const sums: Gradients = new Map();
    (await addGradients(model, packBatch(unequal, EXACT), 1, sums, note)).dispose();
    tf.dispose([...sums.values()]);
    expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeCloseTo(1);

    for (const stop of shares) {
      const pause = async (share: number) => {
        if (share === stop) throw new Error('stopped');
      };
      const partial: Gradients = new Map();
      await expect(addGradients(model, packBatch(unequal, EXACT), 1, partial, pause)).rejects.toThrow(
        'stopped',
      );
      tf.dispose([...partial.values()]);
      expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
    }
  });
});
