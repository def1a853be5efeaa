import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { collate } from '../../src/batch/collate.ts';
import { EXACT, type Granularity, packBatch } from '../../src/batch/packed-batch.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { gelu } from '../../src/model/layers/gelu.ts';
import { addGradients } from '../../src/model/network/batch-gradients.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import { type Dropout, dropout } from '../../src/model/network/dropout.ts';
import type { Gradients } from '../../src/model/network/training-pass.ts';
import { tinyGpt2, tinyLora, tinyTokens } from './tiny-gpt2.ts';

const RATES = { model: 0.2, adapter: 0.3 };
const ADAPTER = { rank: 3, alpha: 2, dropout: RATES.adapter, targets: ['c_attn', 'mlp.c_proj'] };

/** Texts of these lengths, collated as for training; the first has this number. */
function batchOf(lengths: readonly number[], first = 0) {
  const texts = lengths.map((length, i) => Int32Array.from(tinyTokens(`text${first + i}`, length)));
  return collate(texts, { padToken: 60, maxLength: 24 });
}

interface Result {
  readonly loss: number;
  readonly gradients: Map<string, Float32Array>;
}

/** Loss and gradients of the written-out pass, over batches that are parts of one update with so many targets. */
async function written(
  model: CausalModel,
  parts: readonly { firstText: number; batch: ReturnType<typeof batchOf> }[],
  targets: number,
  granularity: Granularity,
): Promise<Result> {
  const sums: Gradients = new Map();
  let sum = 0;
  for (const { batch, firstText } of parts) {
    const packed = packBatch(batch, granularity);
    const dropped = dropout(RATES, '1/2', packed, firstText);
    const loss = await addGradients(model, packed, 1 / targets, sums, async () => {}, {
      dropout: dropped,
    });
    sum += loss.dataSync()[0]!;
    loss.dispose();
  }
  const gradients = Array.from(sums, ([name, gradient]) => [name, gradient.dataSync<'float32'>()] as const);
  tf.dispose([...sums.values()]);
  return { loss: sum, gradients: new Map(gradients) };
}

/** GPT-2 with dropout where transformers' GPT2Model has it, on texts of 8 tokens, to the mean cross-entropy. */
function plainLoss(model: CausalModel, ids: Int32Array, targets: Int32Array, dropped: Dropout): tf.Scalar {
  const [T, { n_layer, n_head, n_embd, vocab_size }] = [8, model.config];
  const B = ids.length / T;
  const parameter = (name: string) => model.parameters.get(name)!;
  const positions = tf.tensor1d(
    Array.from(ids, (_, i) => i % T),
    'int32',
  );
  const norm = (name: string, x: tf.Tensor) => {
    const { mean, variance } = tf.moments(x, 1, true);
    const normalised = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
    return tf.add(tf.mul(normalised, parameter(`${name}.weight`)), parameter(`${name}.bias`));
  };
  const dense = (name: string, x: tf.Tensor) =>
    model.linear(name, dropped.adapter(name)).forward(x as tf.Tensor2D);
  const heads = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [B, T, n_head, n_embd / n_head]), [0, 2, 1, 3]);
  const unseen = tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([T, T]), -1, 0)), -1e9);

  const tokens = tf.gather(parameter('transformer.wte.weight'), tf.tensor1d(ids, 'int32'));
  const embedded = tf.add(tokens, tf.gather(parameter('transformer.wpe.weight'), positions));
  let x = dropped.rows('transformer.drop')(embedded);
  for (let layer = 0; layer < n_layer; layer++) {
    const name = `transformer.h.${layer}`;
    const qkv = tf.split(dense(`${name}.attn.c_attn`, norm(`${name}.ln_1`, x)), 3, 1).map(heads);
    const scores = tf.div(tf.matMul(qkv[0]!, qkv[1]!, false, true), Math.sqrt(n_embd / n_head));
    const weights = dropped.attention(`${name}.attn`)(tf.softmax(tf.add(scores, unseen)));
    const mixed = tf.reshape(tf.transpose(tf.matMul(weights, qkv[2]!), [0, 2, 1, 3]), [B * T, n_embd]);
    const attended = dense(`${name}.attn.c_proj`, mixed);
    x = tf.add(x, dropped.rows(`${name}.attn.c_proj`)(attended));
    const wide = gelu(dense(`${name}.mlp.c_fc`, norm(`${name}.ln_2`, x)));
    x = tf.add(x, dropped.rows(`${name}.mlp.c_proj`)(dense(`${name}.mlp.c_proj`, wide)));
  }
  const logits = tf.matMul(norm('transformer.ln_f', x), model.headWeight() as tf.Tensor2D, false, true);
  const chosen = tf.mul(tf.logSoftmax(logits), tf.oneHot(tf.tensor1d(targets, 'int32'), vocab_size));
  return tf.neg(tf.div(tf.sum(chosen), targets.length)) as tf.Scalar;
}

function expectSame(actual: Result, expected: Result): void {
  expect(actual.loss).toBeCloseTo(expected.loss, 5);
  expect([...actual.gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
  for (const [name, gradient] of expected.gradients) {
    const found = actual.gradients.get(name)!;
    const furthest = Math.max(...Array.from(gradient, (value, i) => Math.abs(value - found[i]!)));
    expect(furthest, name).toBeLessThan(1e-5);
  }
}

describe.each([
  ['cpu', 'all'],
  ['onnxruntime', 'all'],
  ['cpu', 'an adapter'],
  ['onnxruntime', 'an adapter'],
] as const)('a pass with dropout on %s, training %s', (engine, what) => {
  const lengths = [5, 17, 1, 9];
  const count = lengths.reduce((sum, length) => sum + length, 0);
  const whole = [{ firstText: 0, batch: batchOf(lengths) }];
  const model = () => tinyGpt2(true, what === 'all' ? undefined : tinyLora(ADAPTER, 'numbers'));

  beforeAll(async () => {
    await loadEngine('cpu');
    await loadEngine(engine);
  });

  it('has the loss and gradients that TensorFlow.js derives with the same masks', async () => {
    await tf.setBackend(engine);
    const batch = batchOf([8, 8, 8]);
    const ours = model();
    const actual = await written(ours, [{ firstText: 0, batch }], 24, EXACT);
    await tf.setBackend('cpu');
    const dropped = dropout(RATES, '1/2', packBatch(batch, EXACT), 0);
    const { value, grads } = tf.variableGrads(
      () => plainLoss(ours, batch.inputs, batch.targets, dropped),
      [...ours.trained.values()],
    );
    const gradients = Array.from(
      ours.trained,
      ([name, variable]) => [name, grads[variable.name]!.dataSync<'float32'>()] as const,
    );
    expectSame(actual, { loss: value.dataSync()[0]!, gradients: new Map(gradients) });
    tf.dispose([value, grads]);
    ours.dispose();
    await tf.setBackend(engine);
  });

  it('does not depend on which texts are computed at once, nor on how a batch is filled up', async () => {
    const ours = model();
    const expected = await written(ours, whole, count, EXACT);
    expectSame(await written(ours, whole, count, { rows: 16, length: 16 }), expected);
    const parts = [
      { firstText: 0, batch: batchOf(lengths.slice(0, 2)) },
      { firstText: 2, batch: batchOf(lengths.slice(2), 2) },
    ];
    expectSame(await written(ours, parts, count, EXACT), expected);
    ours.dispose();
  });

  it('leaves nothing behind', async () => {
    const ours = model();
    await written(ours, whole, count, EXACT);
    const before = [tf.memory().numTensors, tf.backend().numDataIds()];
    await written(ours, whole, count, EXACT);
    expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
    ours.dispose();
  });
});
