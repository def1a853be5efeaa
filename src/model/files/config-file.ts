import { readFile } from 'node:fs/promises';
import type { Gpt2Config } from '../network/gpt2.ts';
import { ModelFileError } from './model-file-error.ts';

/** Settings of Hugging Face's GPT2Config that change the computation, with the only values computed here. */
const FIXED: Readonly<Record<string, readonly unknown[]>> = {
  model_type: ['gpt2'],
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

/** Beyond any GPT-2: a forged number shall not make a table of parameters without end. */
const MAX_LAYERS = 10_000;

/**
 * Reads the config.json of a GPT-2 in a Hugging Face folder. Throws ModelFileError that names the file and the
 * setting where it describes a model that this program would compute wrongly.
 */
export async function readConfigFile(path: string): Promise<Gpt2Config> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ModelFileError(`${path}: not JSON (${(error as Error).message})`);
  }
  if (typeof json !== 'object' || json === null) throw new ModelFileError(`${path}: not a JSON object`);
  const values = { ...DEFAULTS, ...json } as Record<string, unknown>;
  for (const [name, allowed] of Object.entries(FIXED)) {
    if (name in values && !allowed.includes(values[name])) {
      throw new ModelFileError(
        `${path}: ${name} is ${JSON.stringify(values[name])}, only ${allowed.join(' or ')} is supported`,
      );
    }
  }
  const number = (name: string, accept: (value: number) => boolean, expected: string): number => {
    const value = values[name];
    if (typeof value === 'number' && accept(value)) return value;
    throw new ModelFileError(`${path}: ${name} is ${JSON.stringify(value)}, expected ${expected}`);
  };
  const size = (name: string) =>
    number(name, (value) => Number.isSafeInteger(value) && value > 0, 'a positive integer');
  const config: Gpt2Config = {
    n_layer: size('n_layer'),
    n_head: size('n_head'),
    n_embd: size('n_embd'),
    n_positions: size('n_positions'),
    vocab_size: size('vocab_size'),
    layer_norm_epsilon: number('layer_norm_epsilon', (value) => value > 0, 'a positive number'),
    tie_word_embeddings: values.tie_word_embeddings !== false,
    eos_token_id: number('eos_token_id', (value) => Number.isSafeInteger(value) && value >= 0, 'a token id'),
  };
  if (config.n_layer > MAX_LAYERS) {
    throw new ModelFileError(`${path}: n_layer is ${config.n_layer}, at most ${MAX_LAYERS} are supported`);
  }
  if (config.n_embd % config.n_head !== 0) {
    throw new ModelFileError(`${path}: n_embd ${config.n_embd} is not a multiple of n_head ${config.n_head}`);
  }
  const inner = values.n_inner ?? 4 * config.n_embd;
  if (inner !== 4 * config.n_embd)
    throw new ModelFileError(`${path}: n_inner is ${inner}, only 4 × n_embd is supported`);
  return config;
}

/** The config.json from which `transformers` builds the same model. */
export function configFile(config: Gpt2Config, dtype: 'float32' | 'float16' = 'float32'): string {
  return json({
    activation_function: 'gelu_new',
    architectures: ['GPT2LMHeadModel'],
    attn_pdrop: 0,
    bos_token_id: config.eos_token_id,
    embd_pdrop: 0,
    eos_token_id: config.eos_token_id,
    initializer_range: 0.02,
    layer_norm_epsilon: config.layer_norm_epsilon,
    model_type: 'gpt2',
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
  });
}

/** The generation_config.json that goes with it. */
export function generationConfigFile(config: Gpt2Config): string {
  return json({ bos_token_id: config.eos_token_id, eos_token_id: config.eos_token_id });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
