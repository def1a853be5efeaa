import { describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';

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

it('an engine that is not installed is an error', async () => {
  await expect(loadEngine('tensorflow-gpu')).rejects.toThrow();
});
