import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Batch } from '../../src/batch/collate.ts';
import { countTargets, EXACT, packBatch } from '../../src/batch/packed-batch.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { SafetensorsFile } from '../../src/model/files/safetensors.ts';
import { addGradients } from '../../src/model/network/batch-gradients.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import type { Gradients } from '../../src/model/network/training-pass.ts';
import { webgpuHere } from '../engine/webgpu-here.ts';
import { logits } from './logits.ts';
import { tinyGpt2, tinyTokens } from './tiny-gpt2.ts';

const TOLERANCE = 1e-4;
const [B, T, PROMPT, NEW] = [3, 10, 4, 20];

/** The expected values come from PyTorch and transformers: test/golden/model.py. */
describe.each([
  ['cpu', 'tied'],
  ['cpu', 'untied'],
  ['wasm', 'tied'],
  ['wasm', 'untied'],
  ['onnxruntime', 'tied'],
  ['onnxruntime', 'untied'],
  ...webgpuHere.flatMap((engine) => [[engine, 'tied'] as const, [engine, 'untied'] as const]),
] as const)('GPT-2 on %s with the head %s agrees with PyTorch', (engine, head) => {
  let model: CausalModel;
  let golden: SafetensorsFile;
  let ids: tf.Tensor2D;
  let batch: Batch;

  beforeAll(async () => {
    await loadEngine(engine);
    model = tinyGpt2(head === 'tied');
    golden = await SafetensorsFile.open(
      fileURLToPath(new URL(`../golden/model-${head}.safetensors`, import.meta.url)),
    );
    const expected = tinyTokens('targets', B * T);
    for (const ignored of [7, 8, 9, 20, 21]) expected[ignored] = -100;
    const inputs = Int32Array.from(tinyTokens('ids', B * T));
    ids = tf.tensor2d(inputs, [B, T], 'int32');
    batch = { inputs, targets: Int32Array.from(expected), rows: B, length: T };
  });
  afterAll(async () => {
    await golden.close();
    model.dispose();
    ids.dispose();
  });

  it('in the logits', async () => {
    const scores = logits(model, ids);
    expect(furthest(await scores.data(), await golden.readFloats('logits'))).toBeLessThan(TOLERANCE);
    scores.dispose();
  });

  it('in the loss and the gradient of every parameter, leaving no tensors behind', async () => {
    const before = [tf.memory().numTensors, tf.backend().numDataIds()];
    const gradients: Gradients = new Map();
    const packed = packBatch(batch, EXACT);
    const loss = await addGradients(model, packed, 1 / countTargets(batch), gradients, async () => {});
    expect(Math.abs((await loss.data())[0]! - (await golden.readFloats('loss'))[0]!)).toBeLessThan(TOLERANCE);
    expect([...golden.tensors.keys()].filter((name) => name.startsWith('gradient/')).sort()).toEqual(
      [...gradients.keys()].map((name) => `gradient/${name}`).sort(),
    );
    for (const [name, gradient] of gradients) {
      // Relative to the parameter's largest: that of a key's bias alone is zero but for rounding.
      const expected = await golden.readFloats(`gradient/${name}`);
      const largest = Math.max(...Array.from(expected, Math.abs));
      expect(furthest(await gradient.data(), expected) / largest, name).toBeLessThan(TOLERANCE);
    }
    tf.dispose([loss, ...gradients.values()]);
    expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
  });

  it('in 20 greedy tokens', async () => {
    const sequence = tinyTokens('prompt', PROMPT);
    for (let i = 0; i < NEW; i++) {
      const next = tf.tidy(() => {
        const scores = logits(model, tf.tensor2d([sequence], undefined, 'int32'));
        return tf.argMax(tf.slice(scores, [0, sequence.length - 1, 0], [1, 1, -1]), -1);
      });
      sequence.push((await next.data())[0]!);
      next.dispose();
    }
    expect(sequence.slice(PROMPT)).toEqual([...(await golden.readInts('greedy'))]);
  });
});

/** The largest difference between two equally long lists; NaN where any number is NaN. */
function furthest(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i]!)));
}
