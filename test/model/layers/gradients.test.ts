import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { attention, attentionGradient, type Grid } from '../../../src/model/layers/attention.ts';
import type { Drop } from '../../../src/model/layers/drop.ts';
import { gelu, geluGradient } from '../../../src/model/layers/gelu.ts';
import { headLosses, headLossGradients, weightedSum } from '../../../src/model/layers/head-loss.ts';
import { layerNorm } from '../../../src/model/layers/layer-norm.ts';
import { linear } from '../../../src/model/layers/linear.ts';
import { adapted } from '../../../src/model/layers/low-rank.ts';
import { expectClose, numbers } from './numbers.ts';

const [N, C, V, HEADS] = [6, 8, 11, 2];

// What the written-out gradients are compared with are those that TensorFlow.js derives from the plain formulas on the
// cpu backend, for a gradient `dy` of the result.
describe.each(['cpu', 'wasm', 'onnxruntime'] as const)('written-out gradients on %s', (engine) => {
  beforeEach(async () => {
    await loadEngine('cpu');
    await loadEngine(engine);
    tf.engine().startScope();
  });
  afterEach(() => tf.engine().endScope());

  /** The derived gradients of some inputs, moved to the engine that is tested. */
  async function derived(
    formula: (...inputs: tf.Tensor[]) => tf.Tensor,
    inputs: tf.Tensor[],
    dy: tf.Tensor,
  ): Promise<tf.Tensor[]> {
    await tf.setBackend('cpu');
    try {
      return tf.grads(formula)(inputs, dy);
    } finally {
      await tf.setBackend(engine);
    }
  }

  it('layer norm', async () => {
    const [x, weight, bias, dy] = [numbers(N, C), numbers(C), numbers(1, C), numbers(N, C)];
    const formula = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, 1, true);
      return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), weight), bias);
    };
    const expected = await derived(formula as (...x: tf.Tensor[]) => tf.Tensor, [x, weight, bias], dy);
    const layer = layerNorm(weight, tf.reshape(bias, [C]), 1e-5);
    const { y, saved } = layer.forward(x as tf.Tensor2D);
    await expectClose(y, formula(x, weight, bias));
    const actual = layer.backward(dy as tf.Tensor2D, saved);
    await expectClose(actual.x, expected[0]!, 1e-5);
    await expectClose(actual.parameters.weight!(), expected[1]!, 1e-5);
    await expectClose(actual.parameters.bias!(), tf.reshape(expected[2]!, [C]));
  });

  it('GELU, far from zero too', async () => {
    const [x, dy] = [tf.mul(numbers(N, C), 12) as tf.Tensor2D, numbers(N, C)];
    const formula = (x: tf.Tensor) => {
      const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3))));
      return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
    };
    const expected = await derived(formula as (...x: tf.Tensor[]) => tf.Tensor, [x], dy);
    await expectClose(gelu(x), formula(x), 1e-5);
    await expectClose(geluGradient(dy as tf.Tensor2D, x, gelu(x)), expected[0]!, 1e-5);
  });

  it('linear layer', async () => {
    const [x, weight, bias, dy] = [numbers(N, C), numbers(C, V), numbers(V), numbers(N, V)];
    const formula = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) =>
      tf.add(tf.matMul(x, weight), tf.mul(tf.ones([N, 1]), tf.reshape(bias, [1, V])));
    const expected = await derived(formula as (...x: tf.Tensor[]) => tf.Tensor, [x, weight, bias], dy);
    const layer = linear(weight, bias);
    await expectClose(layer.forward(x as tf.Tensor2D), formula(x, weight, bias));
    const actual = layer.backward(dy as tf.Tensor2D, x as tf.Tensor2D);
    await expectClose(actual.x, expected[0]!, 1e-5);
    await expectClose(actual.parameters.weight!(), expected[1]!, 1e-5);
    await expectClose(actual.parameters.bias!(), expected[2]!, 1e-5);
  });

  it('low-rank adapter, and what is dropped on its way in', async () => {
    const rank = 3;
    const [x, weight, bias, dy] = [numbers(N, C), numbers(C, V), numbers(V), numbers(N, V)];
    const [a, b, mask] = [numbers(rank, C), numbers(V, rank), tf.step(numbers(N, C))];
    const formula = (x: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => {
      const narrow = tf.matMul(tf.mul(x, mask), a, false, true);
      return tf.add(tf.matMul(x, weight), tf.mul(tf.matMul(narrow, b, false, true), 0.7));
    };
    const expected = await derived(formula as (...x: tf.Tensor[]) => tf.Tensor, [x, a, b], dy);
    const drop: Drop = (x) => tf.mul(x, mask);
    const layer = adapted(linear(weight, bias), { a, b, scaling: 0.7 }, drop);
    await expectClose(layer.forward(x as tf.Tensor2D), tf.add(formula(x, a, b), bias));
    const actual = layer.backward(dy as tf.Tensor2D, x as tf.Tensor2D);
    await expectClose(actual.x, expected[0]!, 1e-5);
    await expectClose(actual.parameters['lora_A.weight']!(), expected[1]!, 1e-5);
    await expectClose(actual.parameters['lora_B.weight']!(), expected[2]!, 1e-5);
  });

  it('attention over texts of 4 and 2 tokens', async () => {
    const [qkv, dy] = [numbers(N, 3 * C), numbers(N, C)];
    const grid: Grid = {
      texts: 2,
      length: 4,
      rowOfPlace: tf.tensor1d([0, 1, 2, 3, 4, 5, 5, 5], 'int32'), // the last two places are never seen
      placeOfRow: tf.tensor1d([0, 1, 2, 3, 4, 5], 'int32'),
      mask: tf.reshape(causalMask(4), [1, 1, 4, 4]) as tf.Tensor4D,
    };
    // Each text on its own, and no token of it beyond those.
    const formula = (qkv: tf.Tensor) =>
      tf.concat(
        [
          [0, 4],
          [4, 2],
        ].map(([from, length]) => textAttention(tf.slice(qkv, [from!, 0], [length!, 3 * C]))),
      );
    const expected = await derived(formula as (...x: tf.Tensor[]) => tf.Tensor, [qkv], dy);
    const { y, saved } = attention(qkv as tf.Tensor2D, grid, HEADS);
    await expectClose(y, formula(qkv), 1e-5);
    // As in a packed batch, places that fill up take a row that has no gradient.
    const lonely = { ...grid, rowOfPlace: tf.tensor1d([0, 1, 2, 3, 4, 5, 6, 6], 'int32') };
    const padded = tf.concat([dy, tf.zeros([1, C])]) as tf.Tensor2D;
    await expectClose(attentionGradient(padded, saved, lonely), expected[0]!, 1e-5);
  });

  it('loss of the head', async () => {
    const [hidden, weight] = [numbers(N, C) as tf.Tensor2D, numbers(V, C)];
    const tokens = [3, 3, 0, 10, 3, 7]; // one of them thrice, as in real text
    const weights = tf.tensor2d([0.2, -0.3, 0.2, 0.2, 0.1, 0], [N, 1]);
    const formula = (hidden: tf.Tensor, weight: tf.Tensor) => {
      const logProbabilities = tf.logSoftmax(tf.matMul(hidden, weight, false, true));
      return tf.neg(tf.sum(tf.mul(tf.mul(logProbabilities, tf.oneHot(tokens, V)), weights)));
    };
    const expected = await derived(
      formula as (...x: tf.Tensor[]) => tf.Tensor,
      [hidden, weight],
      tf.scalar(1),
    );
    const targets = {
      tokens: tf.tensor1d(tokens, 'int32'),
      places: tf.tensor1d(
        tokens.map((token, i) => i * V + token),
        'int32',
      ),
    };
    const { losses, saved } = headLosses(hidden, weight, targets);
    await expectClose(weightedSum(losses, weights), formula(hidden, weight));
    const actual = headLossGradients(saved, weight, targets, weights);
    await expectClose(actual.hidden, expected[0]!);
    const whole = tf.add(actual.weight(), tf.matMul(tf.oneHot(tokens, V), actual.targetRows, true));
    await expectClose(whole, expected[1]!);
  });
});

function causalMask(T: number): tf.Tensor {
  return tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([T, T]), -1, 0)), -1e9);
}

/** Attention of one text [T, 3C], head by head. */
function textAttention(qkv: tf.Tensor): tf.Tensor {
  const T = qkv.shape[0]!;
  const part = (which: number, head: number) =>
    tf.slice(qkv, [0, which * C + (head * C) / HEADS], [T, C / HEADS]);
  const heads = Array.from({ length: HEADS }, (_, head) => {
    const scores = tf.matMul(part(0, head), part(1, head), false, true);
    const weights = tf.softmax(tf.add(tf.mul(scores, 1 / Math.sqrt(C / HEADS)), causalMask(T)));
    return tf.matMul(weights, part(2, head));
  });
  return tf.concat(heads, 1);
}
