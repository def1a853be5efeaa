import { describe, expect, it } from 'vitest';
import { ENGINES } from '../../src/engine/engines.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { compilesShapes, hasKernel } from '../../src/model/network/engine-kernels.ts';

describe.each(['cpu', 'wasm'] as const)('the %s engine', (name) => {
  it('computes and differentiates', async () => {
    const tf = await loadEngine(name);
    expect(tf.getBackend()).toBe(name);
    const gradient = tf.grad((x) => tf.sum(tf.square(tf.matMul(x as never, x as never))));
    const result = gradient(tf.tensor2d([1, 2, 3, 4], [2, 2]));
    expect([...result.dataSync()]).toEqual([158, 274, 266, 482]);
  });

  it('leaves uncaught errors to the program', async () => {
    const listeners = () => [
      ...process.listeners('uncaughtException'),
      ...process.listeners('unhandledRejection'),
    ];
    const before = listeners();
    await loadEngine(name);
    expect(listeners()).toEqual(before);
  });
});

it.each(['cpu', 'wasm', 'onnxruntime'] as const)('%s is what its declaration says', async (name) => {
  const tf = await loadEngine(name);
  expect(tf.getBackend()).toBe(ENGINES[name].backend);
  expect(compilesShapes()).toBe(ENGINES[name].compilesShapes);
  expect(hasKernel('Flush')).toBe(ENGINES[name].compilesShapes);
});

it('an engine that is not installed is an error', async () => {
  await expect(loadEngine('tensorflow-gpu')).rejects.toThrow();
});
