import type { GgufValue } from '../../files/gguf/gguf.ts';
import type { GgufMetadata } from '../../files/gguf/gguf-metadata.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import type { GgufConversion, GgufFormat, HuggingFaceFormat } from '../file-formats.ts';
import { checkScale, scaleOf, windowMetadata, windowValues } from './attention-gguf.ts';
import type { LlamaConfig } from './llama-config.ts';
import { ROPE_FACTORS, ropeMetadata, ropeTensors, ropeValues } from './rope-gguf.ts';
import type { LlamaTraits } from './traits.ts';

export const huggingFace: HuggingFaceFormat = {
  prefix: 'model.',
  /** Frequencies of rotary positions, which old versions of `transformers` saved. */
  isConstant: (name) => name.endsWith('.rotary_emb.inv_freq'),
  fanInFanOut: false,
};

/** llama.cpp's names (src/llama-arch.cpp) for Hugging Face's. */
const NAMES: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
};
const NAMES_IN_BLOCK: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};
const NAMES_WHERE_ADDED_IS_NORMALISED: Readonly<Record<string, string>> = {
  ...NAMES_IN_BLOCK,
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
};

/** How llama.cpp describes Llama and the families that are built like it. */
export function llamaGguf(traits: LlamaTraits): GgufFormat<LlamaConfig> {
  const { architecture } = traits;
  const inBlock = traits.normalisesAdded ? NAMES_WHERE_ADDED_IS_NORMALISED : NAMES_IN_BLOCK;
  return {
    architecture,
    metadata: (config) => metadataOf(config, architecture),
    describing: architecture === 'llama' ? [ROPE_FACTORS] : [],
    describingTensors: ({ rope, head_dim }) => ropeTensors(rope, head_dim),
    configValues: (metadata, tensors) => configValues(metadata, tensors, traits),
    /** `model.layers.0.self_attn.q_proj.weight` -> `blk.0.attn_q.weight`. */
    tensorName(parameter) {
      const [, module, kind] = /^(.*)\.(weight|bias)$/.exec(parameter)!;
      const [, block, part] = /^model\.layers\.(\d+)\.(.*)$/.exec(module!) ?? [];
      const theirs = block === undefined ? NAMES[module!]! : `blk.${block}.${inBlock[part!]!}`;
      return `${theirs}.${kind}`;
    },
    conversion: (config, parameter) => conversion(config, parameter, traits),
  };
}

function metadataOf(config: LlamaConfig, architecture: string): readonly (readonly [string, GgufValue])[] {
  const key = (name: string, value: GgufValue) => [`${architecture}.${name}`, value] as const;
  const integer = (name: string, value: number) => key(name, { type: 'uint32', value });
  const real = (name: string, value: number) => key(name, { type: 'float32', value });
  checkScale(config, architecture);
  return [
    integer('context_length', config.n_positions),
    integer('embedding_length', config.n_embd),
    integer('block_count', config.n_layer),
    integer('feed_forward_length', config.intermediate_size),
    integer('attention.head_count', config.n_head),
    integer('attention.head_count_kv', config.num_key_value_heads),
    integer('attention.key_length', config.head_dim),
    integer('attention.value_length', config.head_dim),
    real('attention.layer_norm_rms_epsilon', config.rms_norm_eps),
    integer('rope.dimension_count', config.head_dim),
    ...ropeMetadata(config.rope, architecture),
    ...windowMetadata(config, architecture),
    integer('vocab_size', config.vocab_size),
  ];
}

function configValues(
  metadata: GgufMetadata,
  tensors: ReadonlyMap<string, Float32Array>,
  { architecture }: LlamaTraits,
): Record<string, unknown> {
  const key = (name: string) => `${architecture}.${name}`;
  const number = (name: string) => metadata.number(key(name));
  const [heads, width] = [number('attention.head_count'), number('embedding_length')];
  const optional = (name: string, otherwise: number) => (metadata.has(key(name)) ? number(name) : otherwise);
  const head_dim = optional('attention.key_length', width / heads);
  for (const name of ['attention.value_length', 'rope.dimension_count']) {
    const value = optional(name, head_dim);
    if (value !== head_dim)
      throw ModelFileError.of(
        metadata.file,
        `${key(name)} is ${value}, only the ${head_dim} numbers of a head are supported`,
      );
  }
  const n_layer = number('block_count');
  return {
    max_position_embeddings: number('context_length'),
    hidden_size: width,
    num_hidden_layers: n_layer,
    intermediate_size: number('feed_forward_length'),
    num_attention_heads: heads,
    num_key_value_heads: optional('attention.head_count_kv', heads),
    head_dim,
    query_pre_attn_scalar: scaleOf({ n_layer, n_embd: width, n_head: heads, head_dim }, architecture),
    rms_norm_eps: metadata.decimal(key('attention.layer_norm_rms_epsilon')),
    ...ropeValues(metadata, architecture, tensors),
    ...windowValues(metadata, architecture),
  };
}

/**
 * llama.cpp turns neighbouring numbers of a head together where the architecture is `llama`, so the rows of queries and keys
 * are in another order; and weights of norms are there with their gain.
 */
function conversion(
  { n_head, num_key_value_heads, head_dim }: LlamaConfig,
  parameter: string,
  { architecture, gain }: LlamaTraits,
): GgufConversion | undefined {
  if (gain === 1 && /norm\.weight$/.test(parameter)) {
    return {
      toFile: (values) => values.map((value) => value + gain),
      fromFile: (values) => values.map((value) => value - gain),
    };
  }
  const [, which] = /\.self_attn\.([qk])_proj\.weight$/.exec(parameter) ?? [];
  if (architecture !== 'llama' || which === undefined) return undefined;
  const heads = which === 'q' ? n_head : num_key_value_heads;
  return {
    toFile: (values) => withRowsOf(values, heads, head_dim, (half, i) => 2 * i + half),
    fromFile: (values) => {
      const size = head_dim / 2;
      return withRowsOf(values, heads, head_dim, (parity, i) => {
        const row = parity * size + i; // of the file: halves of i and parities are the other way round there
        return (row % 2) * size + Math.floor(row / 2);
      });
    },
  };
}

/** The rows of each head in another order: row half · D / 2 + i goes to `place(half, i)`. */
function withRowsOf(
  values: Float32Array,
  heads: number,
  head_dim: number,
  place: (half: number, i: number) => number,
): Float32Array {
  const columns = values.length / (heads * head_dim);
  const result = new Float32Array(values.length);
  for (let row = 0; row < heads * head_dim; row++) {
    const within = row % head_dim;
    const to = row - within + place(Math.floor(within / (head_dim / 2)), within % (head_dim / 2));
    result.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return result;
}
