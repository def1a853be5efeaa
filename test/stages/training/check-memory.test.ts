import { describe, expect, it } from 'vitest';
import { StageError } from '../../../src/contract/stage-context.ts';
import { checkMemory, lengthsOf } from '../../../src/stages/training/check-memory.ts';

const settings = { batch_size: 8, gradient_accumulation: 1, gradient_checkpointing: false };
const choices = { adapters: false };
const tooMuch = () => 1e15;

describe('a training that needs more memory than this machine has', () => {
  it.each(['onnxruntime', 'tensorflow', 'wasm', 'cpu'] as const)('is refused on %s', (engine) => {
    expect(() => checkMemory(tooMuch, { settings, engine }, choices)).toThrow(StageError);
  });

  it.each(['tensorflow-gpu', 'webgpu'] as const)('is tried on %s, which has memory of its own', (engine) => {
    expect(() => checkMemory(tooMuch, { settings, engine }, choices)).not.toThrow();
  });

  it('is not refused for what it would need in other batches', () => {
    const needed = (textsAtOnce: number) => (textsAtOnce > settings.batch_size ? 1e15 : 0);
    expect(() => checkMemory(needed, { settings, engine: 'cpu' }, choices)).not.toThrow();
  });
});

it('texts count only as far as they are trained on', () => {
  expect(lengthsOf([{ length: 3 }, { length: 40 }], { maxLength: 24 })).toEqual([3, 24]);
});
