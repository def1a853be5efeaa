import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { familyOf } from '../../../src/model/families/families.ts';
import type { LayerType, LlamaConfig } from '../../../src/model/families/llama/llama-config.ts';
import { angularSpeeds, type Rope } from '../../../src/model/families/llama/rope.ts';
import { factorsOf, ropeOfFactors } from '../../../src/model/families/llama/rope-factors.ts';
import type { GgufValue } from '../../../src/model/files/gguf/gguf.ts';
import { GgufMetadata } from '../../../src/model/files/gguf/gguf-metadata.ts';

interface Case {
  readonly name: string;
  readonly head_dim: number;
  readonly rope: Extract<Rope, { rope_type: 'llama3' }>;
  readonly factors: readonly number[];
}
const cases: readonly Case[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../golden/rope-factors.json'), 'utf8'),
);
const SHAPE = {
  n_layer: 12,
  n_head: 4,
  n_embd: 32,
  n_positions: 64,
  vocab_size: 257,
  tie_word_embeddings: true,
  eos_token_id: 256,
  num_key_value_heads: 2,
  head_dim: 8,
  intermediate_size: 48,
  rms_norm_eps: 1e-5,
  query_pre_attn_scalar: 8,
};
const PLAIN: Rope = { rope_type: 'default', rope_theta: 10_000 };
const YARN: Rope = {
  rope_type: 'yarn',
  rope_theta: 1e6,
  factor: 4,
  original_max_position_embeddings: 16,
  beta_fast: 32,
  beta_slow: 1,
  attention_factor: 0.1 * Math.log(4) + 1,
};
const full: readonly LayerType[] = Array.from({ length: 12 }, () => 'full_attention');
const plainModel = (model_type: LlamaConfig['model_type'], rope: Rope): LlamaConfig => ({
  ...SHAPE,
  model_type,
  layer_types: full,
  rope: { full_attention: rope },
});
/** A Gemma in which every block of a number has no window. */
const gemma = (period: number, windowed: Rope, rope: Rope = { ...PLAIN, rope_theta: 1e6 }): LlamaConfig => ({
  ...SHAPE,
  model_type: 'gemma3_text',
  layer_types: full.map((type, layer) => ((layer + 1) % period === 0 ? type : 'sliding_attention')),
  sliding_window: 16,
  rope: { full_attention: rope, sliding_attention: windowed },
});

/** The model that a GGUF file of this one describes. */
function throughGguf(config: LlamaConfig, change: Readonly<Record<string, GgufValue>> = {}) {
  const { gguf, configFile } = familyOf(config);
  const entries = new Map([...gguf.metadata(config), ...Object.entries(change)]);
  // As a file keeps it: numbers of 32 bits.
  const stored = new Map(
    Array.from(entries, ([key, one]): [string, GgufValue] =>
      one.type === 'float32' ? [key, { ...one, value: Math.fround(Number(one.value)) }] : [key, one],
    ),
  );
  const values = gguf.configValues(new GgufMetadata('x.gguf', stored), gguf.describingTensors(config));
  const { vocab_size, eos_token_id, tie_word_embeddings } = config;
  return configFile.read({ ...values, vocab_size, eos_token_id, tie_word_embeddings }, 'x.gguf');
}

describe('positions scaled as in Llama 3 in a GGUF file', () => {
  it.each(cases)(
    'are the numbers that transformers divides speeds by: $name',
    ({ head_dim, rope, factors }) => {
      const ours = factorsOf(rope, head_dim);
      expect(ours).toHaveLength(factors.length);
      for (const [i, factor] of factors.entries()) expect(ours[i]! / factor).toBeCloseTo(1, 6);
    },
  );

  it.each(cases)('give back the settings: $name', ({ head_dim, rope }) => {
    expect(ropeOfFactors(factorsOf(rope, head_dim), rope.rope_theta, 'x.gguf')).toEqual(rope);
  });

  it('give back settings with the same speeds, whatever they were', () => {
    const settings = fc.record({
      half: fc.integer({ min: 2, max: 64 }),
      rope_theta: fc.double({ min: 100, max: 1e6, noNaN: true }),
      factor: fc.double({ min: 1.5, max: 64, noNaN: true }),
      low: fc.double({ min: 0.5, max: 4, noNaN: true }),
      over: fc.double({ min: 1.2, max: 8, noNaN: true }),
      original_max_position_embeddings: fc.integer({ min: 16, max: 32_768 }),
    });
    fc.assert(
      fc.property(settings, ({ half, low, over, ...rest }) => {
        const D = 2 * half;
        const rope: Rope = {
          ...rest,
          rope_type: 'llama3',
          low_freq_factor: low,
          high_freq_factor: low * over,
        };
        const again = ropeOfFactors(factorsOf(rope, D), rope.rope_theta, 'x.gguf');
        const [before, after] = [angularSpeeds(rope, D), angularSpeeds(again, D)];
        for (const [i, speed] of before.entries()) expect(Math.abs(after[i]! / speed - 1)).toBeLessThan(3e-6);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['an order that no settings give', [1, 8, 1, 8]],
    ['numbers that are no factors', [1, 0, 8, 8]],
    ['negative ones', [-1, 1, 8, 8]],
    ['the long factors of another scaling', [1, 1.1, 1.7, 19.5, 31, 33.2]],
  ])('are refused: %s', (_, factors) => {
    expect(() => ropeOfFactors(Float32Array.from(factors), 10_000, 'x.gguf')).toThrow(
      'x.gguf: rope_freqs.weight scales positions in a way that is not read',
    );
  });

  it('are plain or linear where all pairs have the same factor', () => {
    expect(ropeOfFactors(new Float32Array(4).fill(1), 500, 'x.gguf')).toEqual({ ...PLAIN, rope_theta: 500 });
    const linear = { rope_type: 'linear', rope_theta: 500, factor: 2 };
    expect(ropeOfFactors(new Float32Array(4).fill(2), 500, 'x.gguf')).toEqual(linear);
  });
});

describe('what a GGUF file says of positions and windows', () => {
  it.each<[string, LlamaConfig]>([
    ['plain positions', plainModel('llama', PLAIN)],
    ['linear ones', plainModel('qwen2', { ...PLAIN, rope_type: 'linear', factor: 2.5 })],
    ['those of Llama 3', plainModel('llama', cases[2]!.rope)],
    ['YaRN', plainModel('qwen3', YARN)],
    [
      'YaRN with attention of its own',
      plainModel('qwen3', { ...YARN, attention_factor: 2 * YARN.attention_factor }),
    ],
    ['a Gemma', gemma(6, PLAIN)],
    ['a Gemma that is scaled', gemma(6, PLAIN, { rope_type: 'linear', rope_theta: 1e6, factor: 8 })],
    ['a Gemma with other windows', gemma(2, PLAIN)],
    ['a Gemma with another base', gemma(4, { ...PLAIN, rope_theta: 5000 })],
  ])('is the model: %s', (_, config) => {
    expect(throughGguf(config)).toEqual(config);
  });

  it.each<[string, LlamaConfig, string]>([
    [
      'Llama 3 in a Qwen',
      plainModel('qwen3', cases[0]!.rope),
      'positions that are scaled as in Llama 3 in the architecture qwen3',
    ],
    [
      'another ramp of YaRN',
      plainModel('qwen3', { ...YARN, beta_fast: 16 }),
      'YaRN with other bounds than 32 and 1 turns',
    ],
    [
      'scaled windows',
      gemma(6, { ...PLAIN, rope_type: 'linear', factor: 2 }),
      'scaled positions in blocks with a window',
    ],
    [
      'windows in a Qwen',
      { ...gemma(6, PLAIN), model_type: 'qwen2' },
      'blocks with a window in the architecture qwen2',
    ],
    [
      'windows without a period',
      { ...gemma(6, PLAIN), layer_types: full.with(0, 'sliding_attention').with(4, 'sliding_attention') },
      'blocks with a window in an order without a period',
    ],
    [
      'another divisor',
      { ...gemma(6, PLAIN), query_pre_attn_scalar: 256 },
      'a query_pre_attn_scalar of 256, not 8',
    ],
  ])('is refused where llama.cpp would compute another model: %s', (_, config, what) => {
    expect(() => familyOf(config).gguf.metadata(config)).toThrow(
      `The model has ${what}, which llama.cpp does not read.`,
    );
  });

  const llama = plainModel('llama', PLAIN);
  const real = (value: number): GgufValue => ({ type: 'float32', value });
  it('is read as llama.cpp reads it: a factor without a type, the older key, and no scaling', () => {
    const linear = plainModel('llama', { ...PLAIN, rope_type: 'linear', factor: 4 });
    expect(throughGguf(llama, { 'llama.rope.scaling.factor': real(4) })).toEqual(linear);
    expect(throughGguf(llama, { 'llama.rope.scale_linear': real(4) })).toEqual(linear);
    const none: GgufValue = { type: 'string', value: 'none' };
    const unscaled = { 'llama.rope.scaling.type': none, 'llama.rope.scaling.factor': real(4) };
    expect(throughGguf(llama, unscaled)).toEqual(llama);
  });

  it('is refused where a part of a head is turned, or positions are scaled twice', () => {
    const half: GgufValue = { type: 'uint32', value: 4 };
    expect(() => throughGguf(llama, { 'llama.rope.dimension_count': half })).toThrow(
      'x.gguf: llama.rope.dimension_count is 4, only the 8 numbers of a head are supported',
    );
    const twice = plainModel('llama', cases[2]!.rope);
    expect(() => throughGguf(twice, { 'llama.rope.scaling.factor': real(4) })).toThrow(
      'both llama.rope.scaling.type and rope_freqs.weight scale positions',
    );
  });
});
