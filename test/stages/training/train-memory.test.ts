import { describe, expect, it } from 'vitest';
import { memoryProblem } from '../../../src/stages/training/train-memory.ts';
import { trainingMemory } from '../../../src/training/memory.ts';

/** GPT-2 medium with a head of its own. */
const needed = (textsAtOnce: number) => trainingMemory(1.63e9, textsAtOnce, 'all');
const settings = { batch_size: 8, gradient_accumulation: 1 };

describe('memory for a training', () => {
  it('is no problem where there is enough', () => {
    expect(memoryProblem(needed, settings, 8.2e9)).toBeUndefined();
  });

  it('is told with numbers, and with what would fit', () => {
    expect(memoryProblem(needed, settings, 7.6e9)).toEqual({
      message: 'Training in batches of 8 needs about 8.1 GB of memory, and 7.6 GB are free.',
      hint: 'Close other programs, or use `batch_size: 4` with `gradient_accumulation: 2` (the same training in about 7.5 GB), or start from gpt2-small (about 3.4 GB).',
    });
  });

  it('advises only what fits', () => {
    expect(memoryProblem(needed, settings, 5.1e9)!.hint).toBe(
      'Close other programs, or start from gpt2-small (about 3.4 GB).',
    );
    expect(memoryProblem(needed, settings, 1e9)!.hint).toBe('Close other programs.');
  });

  it('advises an adapter where that is a choice and fits', () => {
    const byAdapter = trainingMemory(1.63e9, 8, 'adapter');
    expect(memoryProblem(needed, settings, 5.1e9, byAdapter)!.hint).toBe(
      'Close other programs, or train an adapter only with `lora: {}` (about 3.6 GB), or start from gpt2-small (about 3.4 GB).',
    );
    expect(memoryProblem(needed, settings, 3e9, byAdapter)!.hint).toBe('Close other programs.');
  });

  it('knows that a smaller model needs less with an adapter, too', () => {
    const byAdapter = (textsAtOnce: number) => trainingMemory(1.63e9, textsAtOnce, 'adapter');
    expect(memoryProblem(byAdapter, { ...settings, lora: {} }, 1.75e9)!.hint).toBe(
      'Close other programs, or start from gpt2-small (about 1.7 GB).',
    );
  });

  it('keeps the texts of an update, halving the batch as often as it must', () => {
    const hint = memoryProblem(needed, { batch_size: 12, gradient_accumulation: 3 }, 7.4e9)!.hint;
    expect(hint).toContain('`batch_size: 3` with `gradient_accumulation: 12`');
  });
});
