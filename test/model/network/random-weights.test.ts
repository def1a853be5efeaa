import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../../src/model/families/model-config.ts';
import { normalNumbers, randomWeights } from '../../../src/model/network/random-weights.ts';

const CONFIG: ModelConfig = {
  model_type: 'gpt2',
  n_layer: 2,
  n_head: 2,
  n_embd: 32,
  n_positions: 16,
  vocab_size: 257,
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: false,
  eos_token_id: 256,
};

async function weightsOf(seed: number): Promise<Map<string, Float32Array>> {
  const weights = new Map<string, Float32Array>();
  for (const { name, bytes } of randomWeights(CONFIG, seed))
    weights.set(name, (await bytes()) as Float32Array);
  return weights;
}

const deviationOf = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

describe('random weights', () => {
  it('are those of this seed, to the byte, on every machine and Node version', async () => {
    const hash = createHash('sha256');
    for (const values of (await weightsOf(1)).values()) hash.update(values);
    expect(hash.digest('hex')).toBe('d8f4f3eff69e18fc667b1687ebdfa18f9e3d0a338c48bb33c10668f4dce7335f');
  });

  it('follow GPT-2: N(0, 0.02), less for what feeds the residual stream, gains 1, biases 0', async () => {
    const weights = await weightsOf(1);
    expect(deviationOf(weights.get('transformer.wte.weight')!)).toBeCloseTo(0.02, 3);
    expect(deviationOf(weights.get('transformer.h.1.mlp.c_fc.weight')!)).toBeCloseTo(0.02, 3);
    expect(deviationOf(weights.get('transformer.h.1.mlp.c_proj.weight')!)).toBeCloseTo(0.02 / 2, 3);
    expect(new Set(weights.get('transformer.h.0.ln_1.weight'))).toEqual(new Set([1]));
    expect(new Set(weights.get('transformer.h.0.attn.c_attn.bias'))).toEqual(new Set([0]));
  });

  it('give an untied head the numbers of the embedding, and every other matrix its own', async () => {
    const weights = await weightsOf(1);
    expect(weights.get('lm_head.weight')).toEqual(weights.get('transformer.wte.weight'));
    const firsts = [...weights]
      .filter(([name]) => /(wte|wpe|c_\w+)\.weight$/.test(name))
      .map(([, [first]]) => first);
    expect(new Set(firsts).size).toBe(firsts.length);
    expect((await weightsOf(2)).get('transformer.wte.weight')).not.toEqual(
      weights.get('transformer.wte.weight'),
    );
  });

  it('are normally distributed', () => {
    const numbers = normalNumbers('any', 200_000, 1).toSorted();
    // Quantiles of the standard normal distribution; the sample's standard error there is below 0.006.
    for (const [share, quantile] of [
      [0.5, 0],
      [0.8413447, 1],
      [0.0227501, -2],
      [0.9986501, 3],
    ] as const) {
      expect(Math.abs(numbers[Math.floor(share * numbers.length)]! - quantile)).toBeLessThan(0.05);
    }
  });
});
