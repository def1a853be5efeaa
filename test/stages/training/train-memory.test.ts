import { describe, expect, it } from 'vitest';
import { memoryProblem, type Need } from '../../../src/stages/training/train-memory.ts';
import { trainingMemory } from '../../../src/training/memory.ts';

/** GPT-2 medium with a head of its own. */
const needed: Need = (textsAtOnce, change) =>
  trainingMemory(1.63e9, { textsAtOnce, gradientCheckpointing: false, ...change });
const settings = { batch_size: 8, gradient_accumulation: 1, gradient_checkpointing: false };
const onlyWhole = { adapters: false };
const orAdapter = { adapters: true };

describe('memory for a training', () => {
  it('is no problem where there is enough', () => {
    expect(memoryProblem(needed, settings, 8.2e9, onlyWhole)).toBeUndefined();
  });

  it('is told with numbers, and with what would fit', () => {
    expect(memoryProblem(needed, settings, 7.6e9, onlyWhole)).toEqual({
      message: 'Training in batches of 8 needs about 8.1 GB of memory, and 7.6 GB are free.',
      hint: 'Close other programs, or set `gradient_checkpointing: true` (the same result in about 6.9 GB, a third slower), or use `batch_size: 4` with `gradient_accumulation: 2` (the same training in about 7.5 GB), or start from gpt2-small (about 3.4 GB).',
    });
  });

  it('advises only what fits', () => {
    expect(memoryProblem(needed, settings, 5.1e9, onlyWhole)!.hint).toBe(
      'Close other programs, or start from gpt2-small (about 3.4 GB).',
    );
    expect(memoryProblem(needed, settings, 1e9, onlyWhole)!.hint).toBe('Close other programs.');
  });

  it('advises an adapter where that is a choice and fits', () => {
    expect(memoryProblem(needed, settings, 5.1e9, orAdapter)!.hint).toBe(
      'Close other programs, or train an adapter only with `lora: {}` (about 3.6 GB), or start from gpt2-small (about 3.4 GB).',
    );
    expect(memoryProblem(needed, settings, 3e9, orAdapter)!.hint).toBe('Close other programs.');
  });

  it('knows that a smaller model needs less with an adapter, too', () => {
    const byAdapter: Need = (textsAtOnce, change) => needed(textsAtOnce, { adapter: 0, ...change });
    expect(memoryProblem(byAdapter, { ...settings, lora: {} }, 1.75e9, orAdapter)!.hint).toBe(
      'Close other programs, or start from gpt2-small (about 1.7 GB).',
    );
  });

  it('does not advise what is set already', () => {
    const checkpointing = { ...settings, gradient_checkpointing: true };
    expect(memoryProblem(needed, checkpointing, 7e9, onlyWhole)!.hint).not.toContain(
      'gradient_checkpointing',
    );
  });

  it('keeps the texts of an update, halving the batch as often as it must', () => {
    const hint = memoryProblem(
      needed,
      { ...settings, batch_size: 12, gradient_accumulation: 3 },
      7.4e9,
      onlyWhole,
    )!.hint;
    expect(hint).toContain('`batch_size: 3` with `gradient_accumulation: 12`');
  });
});
