import { describe, expect, it } from 'vitest';
import { FAMILIES } from '../../src/model/families/families.ts';
import type { FamilyName } from '../../src/model/families/model-config.ts';
import { trainingMemoryOf } from '../../src/training/batch-memory.ts';
import { TINY_FAMILIES } from '../model/tiny-families.ts';

/** GPT-2 small with a tied head; its measured memory is in docs/performance.md. */
const SMALL = {
  model_type: 'gpt2',
  n_layer: 12,
  n_head: 12,
  n_embd: 768,
  n_positions: 1024,
  vocab_size: 50257,
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
  eos_token_id: 50256,
} as const;
const size = { textsAtOnce: 8, gradientCheckpointing: false };
const LENGTHS = Array<number>(8).fill(64);

describe('the expected memory of a training', () => {
  it('is what GPT-2 small was measured to take, within a tenth', () => {
    expect(trainingMemoryOf(SMALL, LENGTHS, size) / 2.6e9).toBeCloseTo(1, 1);
    expect(trainingMemoryOf(SMALL, LENGTHS, { ...size, adapter: 2_359_296 }) / 1.5e9).toBeCloseTo(1, 1);
  });

  it('counts the longest texts, as many as meet in a batch', () => {
    const lengths = [5, 900, 3, 700, 4];
    const ofAll = trainingMemoryOf(SMALL, lengths, { ...size, textsAtOnce: 2 });
    expect(ofAll).toBe(trainingMemoryOf(SMALL, [700, 900], { ...size, textsAtOnce: 2 }));
    expect(ofAll).toBeGreaterThan(trainingMemoryOf(SMALL, lengths, { ...size, textsAtOnce: 1 }));
  });

  it('grows with the square of the length, by the weights of attention', () => {
    const of = (T: number) => trainingMemoryOf(SMALL, [T], { ...size, textsAtOnce: 1 });
    expect(of(1024) - of(512)).toBeGreaterThan(2 * (of(512) - of(256)));
  });

  it('does not grow with the scores of the vocabulary beyond those of a slice', () => {
    const large = { ...SMALL, n_layer: 1, vocab_size: 262_144, n_embd: 64, n_head: 1 };
    const of = (T: number) => trainingMemoryOf(large, Array<number>(8).fill(T), { ...size, adapter: 0 });
    expect(of(512) - of(128)).toBeLessThan(4 * 384 * 8 * 262_144 * 0.1);
  });

  it('is much less with gradient checkpointing, which keeps the inputs of blocks alone', () => {
    const of = (gradientCheckpointing: boolean, T: number) =>
      trainingMemoryOf(SMALL, Array<number>(8).fill(T), { ...size, adapter: 0, gradientCheckpointing });
    expect(of(true, 256) - of(true, 128)).toBeLessThan((of(false, 256) - of(false, 128)) / 4);
  });

  it.each(Object.keys(FAMILIES) as FamilyName[])('is known of %s', (family) => {
    expect(trainingMemoryOf(TINY_FAMILIES[family], LENGTHS, size)).toBeGreaterThan(0);
  });
});
