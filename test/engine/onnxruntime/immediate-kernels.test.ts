import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { runKernel } from '../../../src/model/network/engine-kernels.ts';

beforeAll(() => loadEngine('onnxruntime').then(() => {}));
afterEach(() => tf.disposeVariables());

const variable = (...values: number[]) => tf.tidy(() => tf.variable(tf.tensor1d(values)));

describe('AdamWUpdate', () => {
  const NUMBERS = { beta1: 0.9, beta2: 0.999, step: 0.05, epsilon: 1e-8, keep: 0.995, scale: 0.7 };
  const tensors = () => ({
    parameter: variable(0.5, -0.25, 2),
    gradient: variable(0.1, -0.3, 0),
    first: variable(0.2, 0, -0.1),
    second: variable(0.01, 0, 0.04),
  });

  it('makes the bits that float32 arithmetic makes', () => {
    const { parameter, gradient, first, second } = tensors();
    const [p, unscaled, m, v] = [parameter, gradient, first, second].map((tensor) => tensor.dataSync());
    runKernel('AdamWUpdate', { parameter, gradient, first, second }, NUMBERS);
    const round = Math.fround;
    const g = unscaled!.map((x) => x * round(0.7));
    const [beta1, rest1, beta2, rest2] = [0.9, 1 - 0.9, 0.999, 1 - 0.999].map(round);
    const newFirst = m!.map((x, i) => round(x * beta1!) + round(g[i]! * rest1!));
    const newSecond = v!.map((x, i) => round(x * beta2!) + round(round(g[i]! ** 2) * rest2!));
    const newParameter = p!.map((x, i) => {
      const direction = round(newFirst[i]! / round(round(Math.sqrt(newSecond[i]!)) + round(1e-8)));
      return round(x * round(0.995)) - round(direction * round(0.05));
    });
    expect(first.dataSync()).toEqual(newFirst);
    expect(second.dataSync()).toEqual(newSecond);
    expect(parameter.dataSync()).toEqual(newParameter);
  });

  it.each(['parameter', 'first', 'second'] as const)('refuses a %s that has a clone', (name) => {
    const inputs = tensors();
    const clone = tf.clone(inputs[name]);
    const before = Object.values(inputs).map((tensor) => tensor.dataSync());
    expect(() => runKernel('AdamWUpdate', inputs, NUMBERS)).toThrow(
      `AdamWUpdate changes '${name}' where it is stored, and another tensor shares its data`,
    );
    expect(Object.values(inputs).map((tensor) => tensor.dataSync())).toEqual(before);
    clone.dispose();
    runKernel('AdamWUpdate', inputs, NUMBERS);
    expect(inputs[name].dataSync()).not.toEqual(before[Object.keys(inputs).indexOf(name)]);
  });

  it('takes a gradient that has a clone, as it does not change it', () => {
    const inputs = tensors();
    const clone = tf.clone(inputs.gradient);
    runKernel('AdamWUpdate', inputs, NUMBERS);
    expect([...clone.dataSync()].map((x) => x.toFixed(1))).toEqual(['0.1', '-0.3', '0.0']);
    clone.dispose();
  });
});

describe('AddRows', () => {
  const rows = () => tf.tensor1d([2, 0, 2], 'int32');
  const updates = () =>
    tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);

  it('adds each row where it is to go, one after another', () => {
    tf.tidy(() => {
      const base = tf.tensor2d([
        [10, 10],
        [20, 20],
        [30, 30],
      ]);
      runKernel('AddRows', { base, rows: rows(), updates: updates() });
      expect([...base.dataSync()]).toEqual([13, 14, 20, 20, 36, 38]);
    });
  });

  it('refuses a base of which there is a view in another shape', () => {
    tf.tidy(() => {
      const base = tf.zeros<tf.Rank.R2>([3, 2]);
      const view = tf.reshape(base, [6]);
      expect(() => runKernel('AddRows', { base, rows: rows(), updates: updates() })).toThrow(
        "AddRows changes 'base' where it is stored, and another tensor shares its data: dispose of the clone first",
      );
      expect([...view.dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
    });
  });
});

describe('WriteSlot', () => {
  const base = () => tf.zeros<tf.Rank.R4>([2, 1, 3, 2]);
  const values = () => tf.tensor4d([1, 2, 3, 4], [2, 1, 1, 2]);

  it('overwrites one row of each matrix, and what was recorded before still sees the old one', () => {
    tf.tidy(() => {
      const changed = base();
      const earlier = tf.add(changed, 1);
      runKernel('WriteSlot', { base: changed, values: values() }, { slot: 1 });
      expect([...changed.dataSync()]).toEqual([0, 0, 1, 2, 0, 0, 0, 0, 3, 4, 0, 0]);
      expect([...earlier.dataSync()]).toEqual(new Array(12).fill(1));
    });
  });

  it('refuses a base that has a clone', () => {
    tf.tidy(() => {
      const shared = base();
      const clone = tf.clone(shared);
      expect(() => runKernel('WriteSlot', { base: shared, values: values() }, { slot: 1 })).toThrow(
        "WriteSlot changes 'base' where it is stored",
      );
      expect([...clone.dataSync()]).toEqual(new Array(12).fill(0));
    });
  });
});
