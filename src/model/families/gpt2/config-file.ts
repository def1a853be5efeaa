import { ConfigValues } from '../config-values.ts';
import type { ConfigFile } from '../file-formats.ts';
import type { Gpt2Config } from './gpt2-config.ts';

/** Settings of Hugging Face's GPT2Config that change the computation, with the only values computed here. */
const FIXED: Readonly<Record<string, readonly unknown[]>> = {
  activation_function: ['gelu_new', 'gelu_pytorch_tanh'],
  scale_attn_weights: [true],
  scale_attn_by_inverse_layer_idx: [false],
  add_cross_attention: [false],
};

/** Hugging Face's defaults for what a config.json leaves out (GPT2Config). */
const DEFAULTS = {
  n_positions: 1024,
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
  eos_token_id: 50256,
} as const;

export const configFile: ConfigFile<Gpt2Config> = { read, write };

/** Names that GPT2Config takes, too (its attribute_map), as other models call the same. */
const OTHER_NAMES = {
  hidden_size: 'n_embd',
  max_position_embeddings: 'n_positions',
  num_attention_heads: 'n_head',
  num_hidden_layers: 'n_layer',
} as const;

function read(given: Readonly<Record<string, unknown>>, file: string): Gpt2Config {
  const renamed = Object.entries(OTHER_NAMES).flatMap(([theirs, ours]) =>
    theirs in given ? [[ours, given[theirs]] as const] : [],
  );
  const values = new ConfigValues({ ...DEFAULTS, ...Object.fromEntries(renamed), ...given }, file);
  for (const [name, allowed] of Object.entries(FIXED)) values.checkOneOf(name, allowed);
  const config: Gpt2Config = {
    model_type: 'gpt2',
    n_layer: values.layers('n_layer'),
    n_head: values.size('n_head'),
    n_embd: values.size('n_embd'),
    n_positions: values.size('n_positions'),
    vocab_size: values.size('vocab_size'),
    layer_norm_epsilon: values.positive('layer_norm_epsilon'),
    tie_word_embeddings: values.value('tie_word_embeddings') !== false,
    ...values.endsOfText(DEFAULTS.eos_token_id),
  };
  if (config.n_embd % config.n_head !== 0)
    throw values.error(`n_embd ${config.n_embd} is not a multiple of n_head ${config.n_head}`);
  const inner = values.value('n_inner') ?? 4 * config.n_embd;
  if (inner !== 4 * config.n_embd) throw values.error(`n_inner is ${inner}, only 4 × n_embd is supported`);
  return config;
}

function write(config: Gpt2Config, dtype: 'float32' | 'float16'): Readonly<Record<string, unknown>> {
  return {
    activation_function: 'gelu_new',
    architectures: ['GPT2LMHeadModel'],
    attn_pdrop: 0,
    bos_token_id: config.eos_token_id,
    embd_pdrop: 0,
    eos_token_id: config.eos_token_ids ?? config.eos_token_id,
    initializer_range: 0.02,
    layer_norm_epsilon: config.layer_norm_epsilon,
    model_type: config.model_type,
    n_ctx: config.n_positions,
    n_embd: config.n_embd,
    n_head: config.n_head,
    n_inner: null,
    n_layer: config.n_layer,
    n_positions: config.n_positions,
    resid_pdrop: 0,
    tie_word_embeddings: config.tie_word_embeddings,
    torch_dtype: dtype,
    vocab_size: config.vocab_size,
  };
}
