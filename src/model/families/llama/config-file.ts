import { ConfigValues } from '../config-values.ts';
import type { ConfigFile } from '../file-formats.ts';
import type { LayerType, LlamaConfig } from './llama-config.ts';
import { ropesOf, writtenRopes } from './rope-config.ts';
import type { LlamaTraits } from './traits.ts';

/** Hugging Face's defaults for what a config.json leaves out (LlamaConfig and those of the other families). */
const DEFAULTS: Readonly<Record<LlamaConfig['model_type'], Readonly<Record<string, unknown>>>> = {
  llama: { tie_word_embeddings: false, max_position_embeddings: 2048, rms_norm_eps: 1e-6, eos_token_id: 2 },
  qwen2: { tie_word_embeddings: false, max_position_embeddings: 32768, rms_norm_eps: 1e-6 },
  qwen3: { tie_word_embeddings: false, max_position_embeddings: 32768, rms_norm_eps: 1e-6, head_dim: 128 },
  gemma3_text: {
    tie_word_embeddings: true,
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-6,
    head_dim: 256,
    query_pre_attn_scalar: 256,
    sliding_window: 4096,
    eos_token_id: 1,
  },
};

/** Settings that change the computation, with the only values computed here. */
const FIXED: Readonly<Record<string, readonly unknown[]>> = {
  attention_bias: [false, null],
  mlp_bias: [false, null],
  partial_rotary_factor: [1, null],
  pretraining_tp: [1, null],
  use_bidirectional_attention: [false, null],
  attn_logit_softcapping: [null],
  final_logit_softcapping: [null],
};

/** In Gemma 3 every block of this number attends to everything, where the file does not say which do. */
const GEMMA_PATTERN = 6;

/** The config.json of Llama and the families that are built like it. */
export function llamaConfigFile(traits: LlamaTraits): ConfigFile<LlamaConfig> {
  return {
    read: (given, file) =>
      readConfig(
        new ConfigValues({ ...DEFAULTS[traits.model_type], ...given, model_type: traits.model_type }, file),
        traits,
      ),
    write: (config, dtype) => written(config, dtype, traits),
  };
}

function readConfig(values: ConfigValues, { model_type, gate }: LlamaTraits): LlamaConfig {
  for (const [name, allowed] of Object.entries(FIXED)) values.checkOneOf(name, allowed);
  const activation = values.has('hidden_activation') ? 'hidden_activation' : 'hidden_act';
  values.checkOneOf(activation, gate === 'silu' ? ['silu', 'swish'] : ['gelu_pytorch_tanh']);
  const [n_head, n_embd] = [values.size('num_attention_heads'), values.size('hidden_size')];
  const n_layer = values.layers('num_hidden_layers');
  const num_key_value_heads = values.has('num_key_value_heads') ? values.size('num_key_value_heads') : n_head;
  if (n_head % num_key_value_heads !== 0) {
    throw values.error(
      `num_attention_heads ${n_head} is not a multiple of num_key_value_heads ${num_key_value_heads}`,
    );
  }
  const head_dim = values.has('head_dim') ? values.size('head_dim') : n_embd / n_head;
  if (!Number.isInteger(head_dim) || head_dim % 2 !== 0) {
    throw values.error(`a head has ${head_dim} numbers, expected an even number of them`);
  }
  const layer_types = layerTypes(values, n_layer, model_type);
  const windowed = layer_types.includes('sliding_attention');
  const n_positions = values.size('max_position_embeddings');
  return {
    model_type,
    n_layer,
    n_head,
    n_embd,
    n_positions,
    vocab_size: values.size('vocab_size'),
    tie_word_embeddings: values.value('tie_word_embeddings') === true,
    ...values.endsOfText(),
    num_key_value_heads,
    head_dim,
    intermediate_size: values.size('intermediate_size'),
    rms_norm_eps: values.positive('rms_norm_eps'),
    query_pre_attn_scalar: values.has('query_pre_attn_scalar')
      ? values.positive('query_pre_attn_scalar')
      : head_dim,
    layer_types,
    ...(windowed && { sliding_window: values.size('sliding_window') }),
    rope: ropesOf(values, [...new Set(layer_types)], n_positions),
  };
}

/** Which blocks look back only so far: the file names them all, or a pattern, or from which block on. */
function layerTypes(
  values: ConfigValues,
  n_layer: number,
  model_type: LlamaConfig['model_type'],
): readonly LayerType[] {
  const named = values.value('layer_types');
  if (Array.isArray(named)) {
    if (named.length === n_layer && named.every(isLayerType)) return named;
    throw values.error(`layer_types is not a list of ${n_layer} times full_attention or sliding_attention`);
  }
  const every = (slides: (layer: number) => boolean) =>
    Array.from({ length: n_layer }, (_, layer) => (slides(layer) ? 'sliding_attention' : 'full_attention'));
  if (model_type === 'gemma3_text') {
    const pattern = values.has('sliding_window_pattern')
      ? values.size('sliding_window_pattern')
      : GEMMA_PATTERN;
    return every((layer) => (layer + 1) % pattern !== 0);
  }
  if (values.value('use_sliding_window') !== true || !values.has('sliding_window')) return every(() => false);
  const first = values.value('max_window_layers') ?? n_layer;
  return every((layer) => layer >= Number(first));
}

function isLayerType(value: unknown): value is LayerType {
  return value === 'full_attention' || value === 'sliding_attention';
}

function written(
  config: LlamaConfig,
  dtype: 'float32' | 'float16',
  { model_type, className, gate }: LlamaTraits,
): Readonly<Record<string, unknown>> {
  const windowed = config.layer_types.includes('sliding_attention');
  const activation = gate === 'silu' ? 'silu' : 'gelu_pytorch_tanh';
  return {
    architectures: [className],
    attention_bias: false,
    attention_dropout: 0,
    eos_token_id: config.eos_token_ids ?? config.eos_token_id,
    head_dim: config.head_dim,
    [model_type === 'gemma3_text' ? 'hidden_activation' : 'hidden_act']: activation,
    hidden_size: config.n_embd,
    initializer_range: 0.02,
    intermediate_size: config.intermediate_size,
    layer_types: config.layer_types,
    max_position_embeddings: config.n_positions,
    model_type,
    num_attention_heads: config.n_head,
    num_hidden_layers: config.n_layer,
    num_key_value_heads: config.num_key_value_heads,
    query_pre_attn_scalar: config.query_pre_attn_scalar,
    rms_norm_eps: config.rms_norm_eps,
    ...writtenRopes(config.rope, model_type === 'gemma3_text'),
    ...(windowed && {
      sliding_window: config.sliding_window,
      use_sliding_window: true,
      max_window_layers: 0,
    }),
    tie_word_embeddings: config.tie_word_embeddings,
    torch_dtype: dtype,
    vocab_size: config.vocab_size,
  };
}
