import { rmsNorm } from '../layers/rms-norm.ts';
import type { Rotation } from '../layers/rotary.ts';
import type { ModelFamily } from './family.ts';
import { llamaBlock } from './llama/block.ts';
import { llamaConfigFile } from './llama/config-file.ts';
import { huggingFace, llamaGguf } from './llama/file-formats.ts';
import type { LlamaConfig } from './llama/llama-config.ts';
import { initialValue, NAMES, parameterShapes } from './llama/parameters.ts';
import { type Rope, rotationAt } from './llama/rope.ts';
import type { LlamaTraits } from './llama/traits.ts';

/** Llama (Touvron et al., https://arxiv.org/abs/2302.13971): Llama 2 and 3, SmolLM2, TinyLlama. */
export const llama = familyWith({
  model_type: 'llama',
  title: 'Llama',
  className: 'LlamaForCausalLM',
  architecture: 'llama',
  hasBias: false,
  normalisesHeads: false,
  normalisesAdded: false,
  gain: 0,
  gate: 'silu',
  scalesEmbedding: false,
});

/** Qwen 2 and 2.5 (https://arxiv.org/abs/2412.15115): queries, keys and values have a bias. */
export const qwen2 = familyWith({
  ...llama.traits,
  model_type: 'qwen2',
  title: 'Qwen2',
  className: 'Qwen2ForCausalLM',
  architecture: 'qwen2',
  hasBias: true,
});

/** Qwen 3 (https://arxiv.org/abs/2505.09388): each head of queries and keys is normalised. */
export const qwen3 = familyWith({
  ...llama.traits,
  model_type: 'qwen3',
  title: 'Qwen3',
  className: 'Qwen3ForCausalLM',
  architecture: 'qwen3',
  normalisesHeads: true,
});

/** Gemma 3 (https://arxiv.org/abs/2503.19786): windows in most blocks, and more norms. */
export const gemma3 = familyWith({
  model_type: 'gemma3_text',
  title: 'Gemma 3',
  className: 'Gemma3ForCausalLM',
  architecture: 'gemma3',
  hasBias: false,
  normalisesHeads: true,
  normalisesAdded: true,
  gain: 1,
  gate: 'gelu',
  scalesEmbedding: true,
});

function familyWith(traits: LlamaTraits): ModelFamily<LlamaConfig> & { readonly traits: LlamaTraits } {
  return {
    traits,
    title: traits.title,
    names: NAMES,
    parameterShapes: (config) => parameterShapes(config, traits),
    initialValue: (_, name) => initialValue(name, traits),
    norm: ({ rms_norm_eps }, parameter) => rmsNorm(parameter('weight'), rms_norm_eps, traits.gain),
    embeddingScale: ({ n_embd }) => (traits.scalesEmbedding ? Math.sqrt(n_embd) : 1),
    attention(config, layer) {
      const type = config.layer_types[layer]!;
      const heads = {
        count: config.n_head,
        keyCount: config.num_key_value_heads,
        scale: 1 / Math.sqrt(config.query_pre_attn_scalar),
      };
      const { sliding_window: window } = config;
      return { heads, rotation: type, ...(type === 'sliding_attention' && window && { window }) };
    },
    rotations: ({ rope, head_dim }, positions) => {
      const rotations: Record<string, Rotation> = {};
      for (const [type, one] of Object.entries<Rope>(rope))
        rotations[type] = rotationAt(positions, one, head_dim);
      return rotations;
    },
    block: (config) => llamaBlock(config, traits),
    configFile: llamaConfigFile(traits),
    huggingFace,
    gguf: llamaGguf(traits),
  };
}
