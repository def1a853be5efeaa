import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { Gpt2, type Gpt2Config, parameterShapes } from '../../../src/model/gpt2.ts';
import { countTargets, EXACT, packBatch } from '../../../src/model/packed-batch.ts';
import { addGradients, type Gradients } from '../../../src/model/training-pass.ts';
import { AdamW } from '../../../src/training/adamw.ts';
import { TINY } from '../../model/tiny-gpt2.ts';

const OPTIMIZER = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, decayOn: 'all' } as const;

/** Numbers in [-0.5, 0.5) that are the same on every engine. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

function model(config: Gpt2Config): Gpt2 {
  const parameters = [...parameterShapes(config)].map(([name, shape], index) => {
    const centre = name.includes('.ln_') && name.endsWith('.weight') ? 1 : 0;
    const values = numbers(tf.util.sizeFromShape([...shape]), index + 1).map((x) => centre + 0.1 * x);
    return [name, tf.tidy(() => tf.variable(tf.tensor(values, [...shape])))] as const;
  });
  return new Gpt2(config, new Map(parameters));
}

/** Texts with -100 where nothing is to be predicted. */
interface Batch {
  readonly ids: readonly number[][];
  readonly targets: readonly number[][];
}

/** Mean cross-entropy and its gradients. */
async function backpropagate(
  gpt2: Gpt2,
  { ids, targets }: Batch,
): Promise<{ loss: tf.Scalar; gradients: Gradients }> {
  const [rows, length] = [ids.length, ids[0]!.length];
  const padded = {
    inputs: Int32Array.from(ids.flat()),
    targets: Int32Array.from(targets.flat()),
    rows,
    length,
  };
  const gradients: Gradients = new Map();
  const weight = 1 / countTargets(padded);
  const loss = await addGradients(gpt2, packBatch(padded, EXACT), weight, gradients, async () => {});
  return { loss, gradients };
}

async function losses(engine: string, steps: number): Promise<number[]> {
  await tf.setBackend(engine);
  const gpt2 = model({ ...TINY, tie_word_embeddings: false });
  const optimizer = new AdamW(gpt2.parameters, OPTIMIZER);
  const found: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const row = (offset: number) =>
      Array.from({ length: 12 }, (_, i) => (i * i + offset + step) % TINY.vocab_size);
    const batch = { ids: [row(0), row(5)], targets: [row(1), row(6).map((id, i) => (i > 8 ? -100 : id))] };
    const { loss, gradients } = await backpropagate(gpt2, batch);
    found.push((await loss.data())[0]!);
    loss.dispose();
    optimizer.update(gradients, step, 1e-3);
  }
  optimizer.dispose();
  gpt2.dispose();
  return found;
}

async function gradients(
  engine: string,
  config: Gpt2Config,
  batch: Batch,
): Promise<Map<string, Float32Array>> {
  await tf.setBackend(engine);
  const gpt2 = model(config);
  const { loss, gradients } = await backpropagate(gpt2, batch);
  const found = new Map<string, Float32Array>();
  for (const [name, gradient] of gradients) found.set(name, (await gradient.data()) as Float32Array);
  tf.dispose([loss, ...gradients.values()]);
  gpt2.dispose();
  return found;
}

/** Largest absolute difference, as a part of the largest number. */
function difference(actual: Float32Array, expected: Float32Array): number {
  let [error, scale] = [0, 0];
  for (const [i, number] of expected.entries()) {
    error = Math.max(error, Math.abs(number - actual[i]!));
    scale = Math.max(scale, Math.abs(number));
  }
  return error / scale;
}

describe('a GPT-2 on the onnxruntime engine', () => {
  beforeAll(async () => {
    await loadEngine('cpu');
    await loadEngine('onnxruntime');
  });

  it('has the losses of the cpu engine over 20 updates', async () => {
    const expected = await losses('cpu', 20);
    for (const [step, loss] of (await losses('onnxruntime', 20)).entries())
      expect(loss, `of step ${step}`).toBeCloseTo(expected[step]!, 4);
    expect(expected.at(-1)).toBeLessThan(expected[0]! - 0.1);
  });

  it.each([true, false])(
    'has its gradients where few tokens of the full vocabulary recur again and again (tied: %s)',
    async (tied) => {
      const config = { ...TINY, n_layer: 1, vocab_size: 50257, tie_word_embeddings: tied };
      const row = (offset: number) =>
        Array.from({ length: 24 }, (_, i) => [50256, 11, 262, 0][(i * offset) % 4]!);
      const batch = { ids: [row(1), row(3), row(2)], targets: [row(3), row(1), row(2)] };
      const expected = await gradients('cpu', config, batch);
      const actual = await gradients('onnxruntime', config, batch);
      expect([...actual.keys()]).toEqual([...expected.keys()]);
      for (const [name, values] of expected) {
        // A third of this bias, that of the keys, has no gradient but rounding errors.
        const largest = name.endsWith('c_attn.bias') ? 1e-3 : 1e-4;
        expect(difference(actual.get(name)!, values), name).toBeLessThan(largest);
      }
    },
  );

  it('leaves no tensor behind', async () => {
    await tf.setBackend('onnxruntime');
    const before = [tf.memory().numTensors, tf.backend().numDataIds()];
    await losses('onnxruntime', 2);
    expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
  });
});
