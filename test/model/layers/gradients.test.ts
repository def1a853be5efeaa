import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { rotationAt } from '../../../src/model/families/llama/rope.ts';
import {
  type AttentionRows,
  attention,
  attentionGradient,
  type Grid,
  type Heads,
} from '../../../src/model/layers/attention.ts';
import type { Drop } from '../../../src/model/layers/drop.ts';
import { gated, gatedGradient } from '../../../src/model/layers/gated.ts';
import { gelu, geluGradient } from '../../../src/model/layers/gelu.ts';
import { headLosses, headLossGradients, weightedSum } from '../../../src/model/layers/head-loss.ts';
import { layerNorm } from '../../../src/model/layers/layer-norm.ts';
import { linear } from '../../../src/model/layers/linear.ts';
import { adapted } from '../../../src/model/layers/low-rank.ts';
import { rmsNorm } from '../../../src/model/layers/rms-norm.ts';
import { rotate, rotateGradient } from '../../../src/model/layers/rotary.ts';
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

  it.each([
    ['[in, out] and a bias', false],
    ['[out, in]', true],
  ] as const)('linear layer with a matrix %s', async (_, turned) => {
    const [x, weight, bias, dy] = [
      numbers(N, C),
      turned ? numbers(V, C) : numbers(C, V),
      turned ? undefined : numbers(V),
      numbers(N, V),
    ];
    const formula = (x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor) => {
      const product = tf.matMul(x, weight, false, turned);
      return bias ? tf.add(product, tf.mul(tf.ones([N, 1]), tf.reshape(bias, [1, V]))) : product;
    };
    const inputs = bias ? [x, weight, bias] : [x, weight];
    const expected = await derived(formula as (...x: tf.Tensor[]) => tf.Tensor, inputs, dy);
    const layer = linear(weight, bias, turned);
    await expectClose(layer.forward(x as tf.Tensor2D), formula(x, weight, bias));
    const actual = layer.backward(dy as tf.Tensor2D, x as tf.Tensor2D);
    await expectClose(actual.x, expected[0]!, 1e-5);
    await expectClose(actual.parameters.weight!(), expected[1]!, 1e-5);
    if (bias) await expectClose(actual.parameters.bias!(), expected[2]!, 1e-5);
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
    const layer = adapted(linear(weight, bias, false), { a, b, scaling: 0.7 }, drop);
    await expectClose(layer.forward(x as tf.Tensor2D), tf.add(formula(x, a, b), bias));
    const actual = layer.backward(dy as tf.Tensor2D, x as tf.Tensor2D);
    await expectClose(actual.x, expected[0]!, 1e-5);
    await expectClose(actual.parameters['lora_A.weight']!(), expected[1]!, 1e-5);
    await expectClose(actual.parameters['lora_B.weight']!(), expected[2]!, 1e-5);
  });

  it.each([
    ['heads of their own', HEADS, Infinity],
    ['keys and values that two heads share', 1, Infinity],
    ['a window of 2 tokens', HEADS, 2],
  ] as const)('attention over texts of 4 and 2 tokens, with %s', async (_, keyHeads, window) => {
    const D = C / HEADS;
    const query = numbers(N, C);
    const [key, value] = [numbers(N, keyHeads * D), numbers(N, keyHeads * D)];
    const dy = numbers(N, C);
    const heads: Heads = { count: HEADS, keyCount: keyHeads, scale: 0.3 };
    const grid: Grid = {
      texts: 2,
      length: 4,
      rowOfPlace: tf.tensor1d([0, 1, 2, 3, 4, 5, 5, 5], 'int32'), // the last two places are never seen
      placeOfRow: tf.tensor1d([0, 1, 2, 3, 4, 5], 'int32'),
      mask: tf.reshape(plainMask(4, window), [1, 1, 4, 4]) as tf.Tensor4D,
    };
    // Each text on its own, and no token of it beyond those.
    const formula = (...rows: tf.Tensor[]) =>
      tf.concat(
        [
          [0, 4],
          [4, 2],
        ].map(([from, length]) => {
          const [query, key, value] = rows.map((one) => tf.slice(one, [from!, 0], [length!, one.shape[1]!]));
          return textAttention(query!, key!, value!, heads, window);
        }),
      );
    const expected = await derived(formula, [query, key, value], dy);
    const rows = { query, key, value } as AttentionRows;
    const { y, saved } = attention(rows, grid, heads);
    await expectClose(y, formula(query, key, value), 1e-5);
    // As in a packed batch, places that fill up take a row that has no gradient.
    const lonely = { ...grid, rowOfPlace: tf.tensor1d([0, 1, 2, 3, 4, 5, 6, 6], 'int32') };
    const padded = tf.concat([dy, tf.zeros([1, C])]) as tf.Tensor2D;
    const actual = attentionGradient(padded, saved, lonely, heads);
    for (const [i, one] of [actual.query, actual.key, actual.value].entries())
      await expectClose(one, expected[i]!, 1e-5);
  });

  it.each([
    ['as it is', 0],
    ['beside 1', 1],
  ] as const)('root mean square norm whose weight counts %s', async (_, gain) => {
    const [x, weight, dy] = [numbers(N, C), tf.reshape(numbers(1, C), [C]), numbers(N, C)];
    const formula = (x: tf.Tensor, weight: tf.Tensor) => {
      const root = tf.sqrt(tf.add(tf.mean(tf.square(x), 1, true), 1e-5));
      return tf.mul(tf.div(x, root), tf.add(weight, gain));
    };
    const expected = await derived(formula as (...x: tf.Tensor[]) => tf.Tensor, [x, weight], dy);
    const layer = rmsNorm(weight, 1e-5, gain);
    const { y, saved } = layer.forward(x as tf.Tensor2D);
    await expectClose(y, formula(x, weight));
    const actual = layer.backward(dy as tf.Tensor2D, saved);
    await expectClose(actual.x, expected[0]!, 1e-5);
    await expectClose(actual.parameters.weight!(), expected[1]!, 1e-5);
  });

  it.each(['silu', 'gelu'] as const)('layers gated by %s, far from zero too', async (by) => {
    const [gate, up, dy] = [tf.mul(numbers(N, C), 12) as tf.Tensor2D, numbers(N, C), numbers(N, C)];
    const activation = {
      silu: (x: tf.Tensor) => tf.div(x, tf.add(1, tf.exp(tf.neg(x)))),
      gelu: (x: tf.Tensor) => {
        const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3))));
        return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
      },
    }[by];
    const formula = (gate: tf.Tensor, up: tf.Tensor) => tf.mul(activation(gate), up);
    const expected = await derived(formula as (...x: tf.Tensor[]) => tf.Tensor, [gate, up], dy);
    await expectClose(gated(gate, up as tf.Tensor2D, by), formula(gate, up), 1e-5);
    const actual = gatedGradient(dy as tf.Tensor2D, gate, up as tf.Tensor2D, by);
    await expectClose(actual.gate, expected[0]!, 1e-5);
    await expectClose(actual.up, expected[1]!, 1e-5);
  });

  it('rotary positions: two heads, turned pair by pair as complex numbers are', async () => {
    const D = C / HEADS;
    const [x, dy] = [numbers(N, C), numbers(N, C)];
    const positions = Int32Array.of(0, 1, 2, 7, 30, 4);
    const rope = { rope_type: 'default', rope_theta: 100 } as const;
    // The matrix that turns a row, made of one block for each pair.
    const turning = (position: number) => {
      const matrix = tf.buffer([C, C]);
      for (let head = 0; head < HEADS; head++) {
        for (let i = 0; i < D / 2; i++) {
          const angle = position * 100 ** ((-2 * i) / D);
          const [one, other] = [head * D + i, head * D + i + D / 2];
          matrix.set(Math.cos(angle), one, one);
          matrix.set(Math.sin(angle), one, other);
          matrix.set(-Math.sin(angle), other, one);
          matrix.set(Math.cos(angle), other, other);
        }
      }
      return matrix.toTensor();
    };
    const formula = (x: tf.Tensor) =>
      tf.concat(
        Array.from(positions, (position, n) => tf.matMul(tf.slice(x, [n, 0], [1, C]), turning(position))),
      );
    const expected = await derived(formula, [x], dy);
    const rotation = rotationAt(positions, rope, D);
    await expectClose(rotate(x as tf.Tensor2D, rotation), formula(x), 1e-5);
    await expectClose(rotateGradient(dy as tf.Tensor2D, rotation), expected[0]!, 1e-5);
  });

  it.each([
    ['at once', N],
    ['in slices of 4 rows', 4],
  ] as const)('loss of the head, made %s', async (_, rowsAtOnce) => {
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
        tokens.map((token, i) => (i % rowsAtOnce) * V + token),
        'int32',
      ),
      rowsAtOnce,
    };
    const { losses, saved } = headLosses(hidden, weight, targets);
    await expectClose(weightedSum(losses, weights), formula(hidden, weight));
    const actual = headLossGradients(saved, weight, targets, weights, true);
    await expectClose(actual.hidden, expected[0]!);
    const whole = tf.add(actual.weight(), tf.matMul(tf.oneHot(tokens, V), actual.targetRows, true));
    await expectClose(whole, expected[1]!);
  });
});

/** [T, T]: a token sees itself and those before it, at most so many. */
function plainMask(T: number, window: number): tf.Tensor {
  const back = Number.isFinite(window) ? window - 1 : -1;
  return tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([T, T]), back, 0)), -1e9);
}

/** Attention of one text [T, …], head by head; the first heads share the first keys and values. */
function textAttention(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  { count, keyCount, scale }: Heads,
  window: number,
): tf.Tensor {
  const T = query.shape[0]!;
  const D = query.shape[1]! / count;
  const part = (of: tf.Tensor, head: number) => tf.slice(of, [0, head * D], [T, D]);
  const mixed = Array.from({ length: count }, (_, head) => {
    const own = Math.floor((head * keyCount) / count);
    const scores = tf.matMul(part(query, head), part(key, own), false, true);
    const weights = tf.softmax(tf.add(tf.mul(scores, scale), plainMask(T, window)));
    return tf.matMul(weights, part(value, own));
  });
  return tf.concat(mixed, 1);
}
