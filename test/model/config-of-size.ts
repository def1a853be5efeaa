import type { ModelConfig } from '../../src/model/families/model-config.ts';

/** The configuration of a tiny model with so many tokens. */
export function configOfSize(vocab_size: number, eos_token_id: number): ModelConfig {
  return {
    model_type: 'gpt2',
    n_layer: 1,
    n_head: 1,
    n_embd: 8,
    n_positions: 64,
    vocab_size,
    layer_norm_epsilon: 1e-5,
    tie_word_embeddings: true,
    eos_token_id,
  };
}
