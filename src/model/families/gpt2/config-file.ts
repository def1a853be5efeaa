import { ModelFileError } from '../../files/model-file-error.ts';
import type { ConfigFile } from '../file-formats.ts';
import type { ModelConfig } from '../model-config.ts';

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

/** Beyond any GPT-2: a forged number must not make an endless table of parameters. */
const MAX_LAYERS = 10_000;

export const configFile: ConfigFile = { read, write };

/** Names that GPT2Config takes, too (its attribute_map), as other models call the same. */
const OTHER_NAMES = {
  hidden_size: 'n_embd',
  max_position_embeddings: 'n_positions',
  num_attention_heads: 'n_head',
  num_hidden_layers: 'n_layer',
} as const;

function read(given: Readonly<Record<string, unknown>>, file: string): ModelConfig {
  const renamed = Object.entries(OTHER_NAMES).flatMap(([theirs, ours]) =>
    theirs in given ? [[ours, given[theirs]] as const] : [],
  );
  const values: Readonly<Record<string, unknown>> = {
    ...DEFAULTS,
    ...Object.fromEntries(renamed),
    ...given,
  };
  for (const [name, allowed] of Object.entries(FIXED)) {
    if (name in values && !allowed.includes(values[name])) {
      throw ModelFileError.of(
        file,
        `${name} is ${JSON.stringify(values[name])}, only ${allowed.join(' or ')} is supported`,
      );
    }
  }
  const number = (name: string, accept: (value: number) => boolean, expected: string): number => {
    const value = values[name];
    if (typeof value === 'number' && accept(value)) return value;
    throw ModelFileError.of(file, `${name} is ${JSON.stringify(value)}, expected ${expected}`);
  };
  const size = (name: string) =>
    number(name, (value) => Number.isSafeInteger(value) && value > 0, 'a positive integer');
  const config: ModelConfig = {
    model_type: 'gpt2',
    n_layer: size('n_layer'),
    n_head: size('n_head'),
    n_embd: size('n_embd'),
    n_positions: size('n_positions'),
    vocab_size: size('vocab_size'),
    layer_norm_epsilon: number(
      'layer_norm_epsilon',
      (value) => value > 0 && value < Infinity,
      'a positive number',
    ),
    tie_word_embeddings: values.tie_word_embeddings !== false,
    ...endsOfText(values.eos_token_id ?? DEFAULTS.eos_token_id, file),
  };
  if (config.n_layer > MAX_LAYERS) {
    throw ModelFileError.of(file, `n_layer is ${config.n_layer}, at most ${MAX_LAYERS} are supported`);
  }
  if (config.n_embd % config.n_head !== 0) {
    throw ModelFileError.of(file, `n_embd ${config.n_embd} is not a multiple of n_head ${config.n_head}`);
  }
  const inner = values.n_inner ?? 4 * config.n_embd;
  if (inner !== 4 * config.n_embd)
    throw ModelFileError.of(file, `n_inner is ${inner}, only 4 × n_embd is supported`);
  return config;
}

/** A token id, or a list of them: any of these ends a reply, and the first one separates texts. */
function endsOfText(value: unknown, file: string): Pick<ModelConfig, 'eos_token_id' | 'eos_token_ids'> {
  const ids: unknown[] = [...new Set(Array.isArray(value) ? value : [value])];
  const [first, ...more] = ids.filter((id): id is number => Number.isSafeInteger(id) && Number(id) >= 0);
  if (first === undefined || more.length + 1 < ids.length)
    throw ModelFileError.of(
      file,
      `eos_token_id is ${JSON.stringify(value)}, expected a token id, or a list of them`,
    );
  return { eos_token_id: first, ...(more.length > 0 && { eos_token_ids: [first, ...more] }) };
}

function write(config: ModelConfig, dtype: 'float32' | 'float16'): Readonly<Record<string, unknown>> {
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
