import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import type { CausalModel } from '../../../src/model/network/causal-model.ts';
import type { Gradients } from '../../../src/model/network/training-pass.ts';
import {
  type PreferencePair,
  pairLogProbabilities,
} from '../../../src/training/objective/pair-log-probabilities.ts';
import { preference } from '../../../src/training/objective/preference-loss.ts';
import { preferences } from '../../../src/training/objective/preferences.ts';
import { logits } from '../../model/logits.ts';
import { tinyGpt2 } from '../../model/tiny-gpt2.ts';

const BETA = 0.7;
const pair = (prompt: number[], chosen: number[], rejected: number[]): PreferencePair => ({
  chosen: Int32Array.of(...prompt, ...chosen),
  rejected: Int32Array.of(...prompt, ...rejected),
  promptLength: prompt.length,
});
const PAIRS = [pair([1, 2, 3], [4, 5], [6]), pair([7], [8, 9, 10], [11, 12]), pair([5, 5], [], [20, 21])];
const REFERENCE = PAIRS.map((_, i) => [-3.5 - i, -4.5 + i] as const);
const noPause = async () => {};

/** The mean loss of the pairs in plain operations, for TensorFlow.js to derive. */
function plainLoss(model: CausalModel, average: boolean): tf.Scalar {
  const logProbability = (tokens: Int32Array, promptLength: number) => {
    const targets = [...tokens.slice(promptLength), 60];
    const scores = logits(model, tf.tensor2d(tokens, [1, tokens.length], 'int32'));
    const all = tf.logSoftmax(tf.squeeze<tf.Tensor2D>(scores, [0]));
    const rows = tf.slice(all, [promptLength - 1, 0]);
    const sum = tf.sum(tf.mul(rows, tf.oneHot(targets, rows.shape[1]!)));
    return average ? tf.div(sum, targets.length) : sum;
  };
  const losses = PAIRS.map(({ chosen, rejected, promptLength }, i) => {
    const chosenReward = tf.sub(logProbability(chosen, promptLength), REFERENCE[i]![0]);
    const rejectedReward = tf.sub(logProbability(rejected, promptLength), REFERENCE[i]![1]);
    return tf.softplus(tf.mul(tf.sub(rejectedReward, chosenReward), BETA));
  });
  return tf.mean(tf.stack(losses)) as tf.Scalar;
}

describe.each(['cpu', 'onnxruntime'] as const)('preferences on %s', (engine) => {
  beforeAll(async () => {
    await loadEngine('cpu');
    await loadEngine(engine);
  });

  it.each([
    { average: true, rowsAtOnce: 3 },
    { average: false, rowsAtOnce: 3 },
    { average: true, rowsAtOnce: 1 },
  ])(
    'have the loss and the gradients that are derived of plain operations: %j',
    async ({ average, rowsAtOnce }) => {
      const model = tinyGpt2(true);
      const objective = preferences(
        model,
        { train: PAIRS, validation: [] },
        { train: REFERENCE, validation: [] },
        { beta: BETA, averageLogProbabilities: average, rowsAtOnce, maxLength: 24, endOfText: 60 },
      );
      const sums: Gradients = new Map();
      const { loss } = await objective.gradients([0, 1, 2], 0, sums, noPause);
      const actual = Array.from(sums, ([name, sum]) => [name, sum.dataSync<'float32'>()] as const);
      tf.dispose([...sums.values()]);
      expect((await objective.measure('train', [0, 1, 2], noPause)).loss).toBeCloseTo(loss, 6);

      await tf.setBackend('cpu');
      const { value, grads } = tf.variableGrads(
        () => plainLoss(model, average),
        [...model.parameters.values()],
      );
      expect(loss).toBeCloseTo(value.dataSync()[0]!, 5);
      for (const [name, gradient] of actual) {
        const expected = grads[model.parameters.get(name)!.name]!.dataSync();
        expect(Math.max(...gradient.map((x, i) => Math.abs(x - expected[i]!))), name).toBeLessThan(1e-5);
      }
      tf.dispose([value, grads]);
      await tf.setBackend(engine);
      model.dispose();
    },
  );

  it('have the same log probabilities however many pairs are computed at once', async () => {
    const model = tinyGpt2(true);
    const given = (rowsAtOnce: number) =>
      pairLogProbabilities(
        model,
        PAIRS,
        { averageLogProbabilities: true, rowsAtOnce, maxLength: 24, endOfText: 60 },
        noPause,
      );
    const [one, all] = [await given(1), await given(3)];
    for (const [i, [chosen, rejected]] of all.entries()) {
      expect(one[i]![0]).toBeCloseTo(chosen, 5);
      expect(one[i]![1]).toBeCloseTo(rejected, 5);
    }
    model.dispose();
  });
});

describe('the loss of a pair', () => {
  it('is ln 2 where policy and reference agree, and pulls with half of beta', () => {
    expect(preference([-1, -2], [-1, -2], 0.1)).toEqual({
      loss: Math.LN2,
      slope: -0.05,
      chosenReward: 0,
      rejectedReward: 0,
    });
  });

  it('stays finite, however large the margin', () => {
    expect(preference([0, -1e6], [0, 0], 1)).toMatchObject({ loss: 0, slope: -0 });
    expect(preference([-1e6, 0], [0, 0], 1)).toMatchObject({ loss: 1e6, slope: -1 });
  });
});
