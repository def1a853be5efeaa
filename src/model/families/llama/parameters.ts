import type { InitialValue, ModelNames } from '../family.ts';
import type { LlamaConfig } from './llama-config.ts';
import type { LlamaTraits } from './traits.ts';

// Names and shapes are those of Hugging Face's checkpoints, whose matrices are [out, in]. C is the width.

export const NAMES = {
  tokens: 'model.embed_tokens.weight',
  finalNorm: 'model.norm',
  head: 'lm_head.weight',
  block: (layer) => `model.layers.${layer}`,
  linearInBlock: [
    'self_attn.q_proj',
    'self_attn.k_proj',
    'self_attn.v_proj',
    'self_attn.o_proj',
    'mlp.gate_proj',
    'mlp.up_proj',
    'mlp.down_proj',
  ],
  embeddingDropout: 'model.drop',
  attentionDropout: 'self_attn',
} as const satisfies ModelNames;

/** Ends of names by which an adapter's layers are chosen. */
export const ADAPTER_TARGETS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;

/** Name and shape of every parameter, in the order of the computation. */
export function parameterShapes(
  config: LlamaConfig,
  { hasBias, normalisesHeads, normalisesAdded }: LlamaTraits,
): ReadonlyMap<string, readonly number[]> {
  const { n_embd: C, head_dim: D, intermediate_size: F } = config;
  const [queries, keys] = [config.n_head * D, config.num_key_value_heads * D];
  const shapes = new Map<string, readonly number[]>();
  shapes.set(NAMES.tokens, [config.vocab_size, C]);
  const norm = (name: string, size: number) => shapes.set(`${name}.weight`, [size]);
  const linear = (name: string, from: number, to: number, bias = false) => {
    shapes.set(`${name}.weight`, [to, from]);
    if (bias) shapes.set(`${name}.bias`, [to]);
  };
  for (let layer = 0; layer < config.n_layer; layer++) {
    const block = NAMES.block(layer);
    norm(`${block}.input_layernorm`, C);
    linear(`${block}.self_attn.q_proj`, C, queries, hasBias);
    linear(`${block}.self_attn.k_proj`, C, keys, hasBias);
    linear(`${block}.self_attn.v_proj`, C, keys, hasBias);
    if (normalisesHeads) {
      norm(`${block}.self_attn.q_norm`, D);
      norm(`${block}.self_attn.k_norm`, D);
    }
    linear(`${block}.self_attn.o_proj`, queries, C);
    norm(`${block}.post_attention_layernorm`, C);
    if (normalisesAdded) norm(`${block}.pre_feedforward_layernorm`, C);
    linear(`${block}.mlp.gate_proj`, C, F);
    linear(`${block}.mlp.up_proj`, C, F);
    linear(`${block}.mlp.down_proj`, F, C);
    if (normalisesAdded) norm(`${block}.post_feedforward_layernorm`, C);
  }
  norm(NAMES.finalNorm, C);
  if (!config.tie_word_embeddings) shapes.set(NAMES.head, [config.vocab_size, C]);
  return shapes;
}

/** Standard deviation of the weights (`initializer_range` of LlamaConfig). */
const DEVIATION = 0.02;

/**
 * As transformers begins: weights from N(0, 0.02), biases 0, norms that scale by 1. A head of its own begins as a copy of
 * the token embedding.
 */
export function initialValue(name: string, { gain }: LlamaTraits): InitialValue {
  if (/norm\.weight$/.test(name)) return 1 - gain;
  if (name.endsWith('.bias')) return 0;
  return { deviation: DEVIATION, stream: name === NAMES.head ? NAMES.tokens : name };
}
