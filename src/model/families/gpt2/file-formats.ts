import type { GgufFormat, HuggingFaceFormat, OpenAiFormat } from '../file-formats.ts';
import type { Gpt2Config } from './gpt2-config.ts';
import { NAMES } from './parameters.ts';

export const huggingFace: HuggingFaceFormat = {
  prefix: 'transformer.',
  /** Masks, which old versions of `transformers` saved. */
  isConstant: (name) => /(^|\.)attn\.(masked_)?bias$/.test(name),
  fanInFanOut: true,
};

export const openAi: OpenAiFormat = {
  hparams: {
    n_vocab: 'vocab_size',
    n_ctx: 'n_positions',
    n_embd: 'n_embd',
    n_head: 'n_head',
    n_layer: 'n_layer',
  },

  /** `transformer.h.0.attn.c_attn.weight` -> `model/h0/attn/c_attn/w`; the head is a copy of `model/wte`. */
  tensorName(parameter) {
    const path = parameter === NAMES.head ? NAMES.tokens : parameter;
    const layerNorm = /\.ln_[12f]\./.test(path);
    return path
      .replace(/^transformer\./, 'model/')
      .replace(/^model\/(wte|wpe)\.weight$/, 'model/$1')
      .replace(/h\.(\d+)\./, 'h$1/')
      .replace(/\.weight$/, layerNorm ? '/g' : '/w')
      .replace(/\.bias$/, '/b')
      .replaceAll('.', '/');
  },
};

/** llama.cpp's names (LLM_ARCH_GPT2 in src/llama-arch.cpp) for Hugging Face's. */
const GGUF_NAMES: Readonly<Record<string, string>> = {
  'transformer.wte': 'token_embd',
  'transformer.wpe': 'position_embd',
  'transformer.ln_f': 'output_norm',
  lm_head: 'output',
};
const GGUF_NAMES_IN_BLOCK: Readonly<Record<string, string>> = {
  ln_1: 'attn_norm',
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  ln_2: 'ffn_norm',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
};

export const gguf: GgufFormat<Gpt2Config> = {
  architecture: 'gpt2',

  metadata: (config) => [
    ['gpt2.context_length', { type: 'uint32', value: config.n_positions }],
    ['gpt2.embedding_length', { type: 'uint32', value: config.n_embd }],
    ['gpt2.block_count', { type: 'uint32', value: config.n_layer }],
    ['gpt2.feed_forward_length', { type: 'uint32', value: 4 * config.n_embd }],
    ['gpt2.attention.head_count', { type: 'uint32', value: config.n_head }],
    ['gpt2.attention.layer_norm_epsilon', { type: 'float32', value: config.layer_norm_epsilon }],
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: 'gpt-2' }],
  ],

  describing: [],
  describingTensors: () => new Map(),
  configValues: (metadata) => ({
    n_positions: metadata.number('gpt2.context_length'),
    n_embd: metadata.number('gpt2.embedding_length'),
    n_layer: metadata.number('gpt2.block_count'),
    n_inner: metadata.number('gpt2.feed_forward_length'),
    n_head: metadata.number('gpt2.attention.head_count'),
    layer_norm_epsilon: metadata.decimal('gpt2.attention.layer_norm_epsilon'),
  }),

  /** `transformer.h.0.attn.c_attn.weight` -> `blk.0.attn_qkv.weight`. */
  tensorName(parameter) {
    const [, module, kind] = /^(.*)\.(weight|bias)$/.exec(parameter)!;
    const [, block, part] = /^transformer\.h\.(\d+)\.(.*)$/.exec(module!) ?? [];
    const theirs = block === undefined ? GGUF_NAMES[module!]! : `blk.${block}.${GGUF_NAMES_IN_BLOCK[part!]!}`;
    return `${theirs}.${kind}`;
  },
  conversion: () => undefined,
};
