import type { InitialValue, ModelNames } from '../family.ts';
import type { Gpt2Config } from './gpt2-config.ts';

// Names and shapes are those of Hugging Face's checkpoints, whose matrices are [in, out]. C is the width.

export const NAMES = {
  tokens: 'transformer.wte.weight',
  positions: 'transformer.wpe.weight',
  finalNorm: 'transformer.ln_f',
  head: 'lm_head.weight',
  block: (layer) => `transformer.h.${layer}`,
  linearInBlock: ['attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj'],
  embeddingDropout: 'transformer.drop',
  attentionDropout: 'attn',
} as const satisfies ModelNames;

/** Ends of names that together stand for every linear layer of a block. */
export const ALL_LINEAR = ['c_attn', 'c_fc', 'c_proj'] as const;
/** Ends of names by which an adapter's layers are chosen. */
export const ADAPTER_TARGETS = [...ALL_LINEAR, 'attn.c_proj', 'mlp.c_proj'] as const;

/** Name and shape of every parameter, in the order of the computation. */
export function parameterShapes(config: Gpt2Config): ReadonlyMap<string, readonly number[]> {
  const C = config.n_embd;
  const shapes = new Map<string, readonly number[]>();
  shapes.set(NAMES.tokens, [config.vocab_size, C]);
  shapes.set(NAMES.positions, [config.n_positions, C]);
  const layerNorm = (name: string) => shapes.set(`${name}.weight`, [C]).set(`${name}.bias`, [C]);
  const linear = (name: string, from: number, to: number) =>
    shapes.set(`${name}.weight`, [from, to]).set(`${name}.bias`, [to]);
  for (let layer = 0; layer < config.n_layer; layer++) {
    const block = NAMES.block(layer);
    layerNorm(`${block}.ln_1`);
    linear(`${block}.attn.c_attn`, C, 3 * C);
    linear(`${block}.attn.c_proj`, C, C);
    layerNorm(`${block}.ln_2`);
    linear(`${block}.mlp.c_fc`, C, 4 * C);
    linear(`${block}.mlp.c_proj`, 4 * C, C);
  }
  layerNorm(NAMES.finalNorm);
  if (!config.tie_word_embeddings) shapes.set(NAMES.head, [config.vocab_size, C]);
  return shapes;
}

/** Standard deviation of GPT-2's initial weights. */
const DEVIATION = 0.02;

/**
 * As GPT-2 had them (Radford et al. 2019, section 2.3): weights from N(0, 0.02), those that feed the residual stream
 * scaled by 1/√(2 · layers) because so many of them add up there, biases 0, gains 1. A head of its own begins as a copy
 * of the token embedding.
 */
export function initialValue(config: Gpt2Config, name: string): InitialValue {
  if (/\.ln_(1|2|f)\.weight$/.test(name)) return 1;
  if (name.endsWith('.bias')) return 0;
  const deviation = name.endsWith('.c_proj.weight') ? DEVIATION / Math.sqrt(2 * config.n_layer) : DEVIATION;
  return { deviation, stream: name === NAMES.head ? NAMES.tokens : name };
}
