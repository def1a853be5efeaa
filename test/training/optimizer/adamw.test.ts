import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { AdamW } from '../../../src/training/optimizer/adamw.ts';

interface Golden {
  readonly inputs: number[][];
  readonly targets: number[][];
  readonly initial: { readonly weight: number[][]; readonly bias: number[] };
  readonly steps: readonly { readonly loss: number; readonly weight: number[][]; readonly bias: number[] }[];
}
const golden: Golden = JSON.parse(
  readFileSync(new URL('../../golden/training-adamw.json', import.meta.url), 'utf8'),
);

const RATE = 0.05;
const options = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, decayOn: 'all' } as const;

/** Linear regression by least squares, as in test/golden/training.py. */
class Regression {
  readonly weight = tf.variable(tf.tensor2d(golden.initial.weight));
  readonly bias = tf.variable(tf.tensor1d(golden.initial.bias));
  readonly parameters = new Map<string, tf.Variable>([
    ['weight', this.weight],
    ['bias', this.bias],
  ]);

  /** One step; returns the loss before the update. */
  step(optimizer: AdamW, t: number): number {
    const { value, grads } = tf.variableGrads(() => this.#loss(), [...this.parameters.values()]);
    const loss = value.dataSync()[0]!;
    value.dispose();
    optimizer.update(
      new Map([...this.parameters].map(([name, { name: id }]) => [name, grads[id]!])),
      t,
      RATE,
    );
    return loss;
  }

  #loss(): tf.Scalar {
    const predicted = tf.add(tf.matMul(tf.tensor2d(golden.inputs), this.weight), this.bias);
    return tf.mean(tf.squaredDifference(predicted, tf.tensor2d(golden.targets)));
  }
}

describe('AdamW', () => {
  beforeAll(() => loadEngine('cpu').then(() => {}));
  afterAll(() => tf.disposeVariables());

  it('makes the updates of torch.optim.AdamW, step by step', () => {
    const model = new Regression();
    const optimizer = new AdamW(model.parameters, options);
    for (const [i, expected] of golden.steps.entries()) {
      expect(model.step(optimizer, i + 1)).toBeCloseTo(expected.loss, 5);
      for (const [i, value] of [...model.weight.dataSync()].entries()) {
        expect(value).toBeCloseTo(expected.weight.flat()[i]!, 5);
      }
      for (const [i, value] of [...model.bias.dataSync()].entries()) {
        expect(value).toBeCloseTo(expected.bias[i]!, 5);
      }
    }
  });

  it('shrinks a parameter without gradient by the weight decay alone', () => {
    const model = new Regression();
    const before = model.weight.dataSync().slice(9);
    model.step(new AdamW(model.parameters, options), 1);
    const after = model.weight.dataSync().slice(9);
    for (const [i, value] of after.entries()) expect(value).toBeCloseTo(before[i]! * (1 - 0.05 * 0.1), 6);
  });

  it('goes on from saved variables', () => {
    const model = new Regression();
    const optimizer = new AdamW(model.parameters, options);
    for (const t of [1, 2, 3]) model.step(optimizer, t);
    const saved = new Map([...optimizer.variables(), ...model.parameters].map(([n, v]) => [n, v.clone()]));

    const resumedModel = new Regression();
    const resumed = new AdamW(resumedModel.parameters, options);
    for (const [name, variable] of [...resumed.variables(), ...resumedModel.parameters]) {
      variable.assign(saved.get(name)!);
    }
    model.step(optimizer, 4);
    resumedModel.step(resumed, 4);
    expect(resumedModel.weight.dataSync()).toEqual(model.weight.dataSync());
    expect(resumedModel.bias.dataSync()).toEqual(model.bias.dataSync());
  });

  it('holds two tensors a parameter, frees the gradients, and frees its own on dispose', () => {
    const model = new Regression();
    const before = tf.memory().numTensors;
    const optimizer = new AdamW(model.parameters, options);
    expect(tf.memory().numTensors).toBe(before + 4);
    for (const t of [1, 2, 3]) model.step(optimizer, t);
    expect(tf.memory().numTensors).toBe(before + 4);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
