import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { OnnxruntimeBackend } from '../../../src/engine/onnxruntime/backend.ts';
import { Flusher } from '../../../src/engine/onnxruntime/flush.ts';

const backend = (): OnnxruntimeBackend => tf.backend() as OnnxruntimeBackend;

/** What changed in the statistics while `work` ran. */
async function during(work: () => unknown): Promise<{ runs: number; compiled: number }> {
  const before = backend().statistics;
  await work();
  const after = backend().statistics;
  return { runs: after.runs - before.runs, compiled: after.compiled - before.compiled };
}

describe('the onnxruntime backend', () => {
  beforeAll(async () => {
    await loadEngine('onnxruntime');
  });

  it('computes nothing before something is read, and then all at once', async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const [y, z] = [tf.square(x), tf.exp(tf.neg(x))];
    expect(await during(() => y.dataSync())).toEqual({ runs: 1, compiled: 1 });
    expect(await during(() => z.dataSync())).toEqual({ runs: 0, compiled: 0 });
    expect([...y.dataSync()]).toEqual([1, 4, 9]);
  });

  it('compiles a computation once, whatever its numbers', async () => {
    const compute = (values: number[], factor: number) =>
      tf.tidy(() => [...tf.sum(tf.mul(tf.tensor1d(values), factor)).dataSync()]);
    expect(compute([1, 2, 3, 4, 5], 2)).toEqual([30]);
    const again = await during(() => expect(compute([5, 4, 3, 2, 0], 3)).toEqual([42]));
    expect(again).toEqual({ runs: 1, compiled: 0 });
  });

  it('does not compute what was disposed of', async () => {
    const x = tf.tensor1d([1, 2]);
    tf.exp(x).dispose();
    expect(await during(() => backend().flush())).toEqual({ runs: 0, compiled: 0 });
  });

  it('shares no memory with the program', () => {
    const values = Float32Array.of(1, 2);
    const x = tf.tensor1d(values);
    const doubled = tf.mul(x, 2);
    values[0] = 100;
    const read = doubled.dataSync();
    read[0] = 100;
    expect([...doubled.dataSync(), ...x.dataSync()]).toEqual([2, 4, 1, 2]);
  });

  it('updates variables in place, and no clone with them', () => {
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
    const array = backend().peek(variable.dataId);
    const step = () => tf.tidy(() => variable.assign(tf.sub(variable, 1)));
    step();
    backend().flush();
    expect(backend().peek(variable.dataId)).toBe(array);
    const clone = tf.clone(variable);
    step();
    expect([...variable.dataSync()]).toEqual([-1, 0, 1]);
    expect([...clone.dataSync()]).toEqual([0, 1, 2]);
  });

  it('gives all of a chain of updates that is read only at its end', () => {
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([0, 0])));
    for (let i = 1; i <= 10; i++) tf.tidy(() => variable.assign(tf.add(variable, i)));
    expect([...variable.dataSync()]).toEqual([55, 55]);
  });

  it('runs kernels that it cannot record on the cpu backend, and goes on', () => {
    const x = tf.tensor1d([3, 1, 2]);
    const { values, indices } = tf.topk(tf.mul(x, 2), 2);
    expect([...tf.add(values, 1).dataSync(), ...indices.dataSync()]).toEqual([7, 5, 0, 2]);
    expect(tf.string.stringToHashBucketFast(['a', 'b'], 10).dataSync()).toHaveLength(2);
    expect([...tf.real(tf.complex([1, 2], [3, 4])).dataSync()]).toEqual([1, 2]);
  });

  it('names a kernel that nobody has', () => {
    tf.registerKernel({ kernelName: 'Nowhere', backendName: 'cpu', kernelFunc: () => [] });
    tf.unregisterKernel('Nowhere', 'cpu');
    expect(() => tf.engine().runKernel('Nowhere', {})).toThrow(/Nowhere/);
  });

  it('says which operators failed', () => {
    const rows = tf.add(tf.tensor1d([0, 7], 'int32'), tf.scalar(0, 'int32'));
    const gathered = tf.gather(tf.tensor2d([[1], [2]]), rows);
    expect(() => gathered.dataSync()).toThrow(/onnxruntime could not compute .*Gather/);
    tf.dispose([rows, gathered]);
  });

  it.each([
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 0],
    [-1.9, -1],
    [2 ** 31 + 512, -(2 ** 31) + 512],
    [2 ** 40 + 2 ** 20, 2 ** 20],
  ])('converts %d to int32 as JavaScript does', (number, expected) => {
    expect([...tf.cast(tf.neg(tf.tensor1d([-number])), 'int32').dataSync()]).toEqual([expected]);
  });

  describe('where outputs have to be copied', () => {
    const name = 'onnxruntime-copying';
    beforeAll(async () => {
      tf.registerBackend(name, () => new OnnxruntimeBackend(new Flusher(false)));
      for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('onnxruntime'))
        tf.registerKernel({ kernelName, backendName: name, kernelFunc });
      await tf.setBackend(name);
    });
    afterAll(async () => {
      await tf.setBackend('onnxruntime');
      tf.removeBackend(name);
    });

    it('computes the same', () => {
      const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
      for (let i = 0; i < 3; i++) tf.tidy(() => variable.assign(tf.mul(variable, 2)));
      expect([...variable.dataSync(), ...tf.cast(variable, 'int32').dataSync()]).toEqual([
        8, 16, 24, 8, 16, 24,
      ]);
    });
  });
});
