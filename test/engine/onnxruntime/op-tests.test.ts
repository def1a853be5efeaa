import { execa } from 'execa';
import { expect, it } from 'vitest';

it("passes TensorFlow.js's own tests of its operations", { timeout: 180_000 }, async () => {
  // In a process of its own: they are written for jasmine, and reset the engine again and again.
  const { all, exitCode } = await execa('node', ['test/engine/onnxruntime/op-tests.mjs'], {
    all: true,
    reject: false,
  });
  const [, specs] = /(\d+) specs, 0 failures/.exec(all) ?? [];
  expect(Number(specs), all.slice(-3000)).toBeGreaterThan(2900);
  expect(exitCode).toBe(0);
});
