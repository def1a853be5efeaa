import type { LlamaConfig } from '../../src/model/families/llama/llama-config.ts';
import type { FamilyName, ModelConfig } from '../../src/model/families/model-config.ts';
import { TINY } from './tiny-gpt2.ts';

const SHAPE = { ...TINY, tie_word_embeddings: false };
/** A tiny shape of each family. */
export const TINY_FAMILIES: Readonly<Record<FamilyName, ModelConfig>> = {
  gpt2: SHAPE,
  llama: llamaLike('llama'),
  qwen2: llamaLike('qwen2'),
  qwen3: llamaLike('qwen3'),
  gemma3_text: llamaLike('gemma3_text'),
};

/** The shape of a family that is built like a Llama, in which no two sizes are the same. */
function llamaLike(model_type: LlamaConfig['model_type']): LlamaConfig {
  const { layer_norm_epsilon, model_type: _, ...shape } = SHAPE;
  const windowed = model_type === 'gemma3_text';
  return {
    ...shape,
    model_type,
    num_key_value_heads: 1,
    head_dim: 6,
    intermediate_size: 20,
    rms_norm_eps: layer_norm_epsilon,
    query_pre_attn_scalar: windowed ? 256 : 6,
    layer_types: windowed ? ['sliding_attention', 'full_attention'] : ['full_attention', 'full_attention'],
    ...(windowed && { sliding_window: 5 }),
    rope: {
      full_attention: { rope_type: 'linear', factor: 8, rope_theta: 1e6 },
      ...(windowed && { sliding_attention: { rope_type: 'default', rope_theta: 1e4 } }),
    },
  };
}
