import type { Gpt2Config } from '../../network/gpt2.ts';
import { float16Of } from '../half-precision.ts';
import { ModelFileError } from '../model-file-error.ts';
import type { TensorSource } from '../safetensors.ts';
import type { Vocabulary } from '../tokenizer-files.ts';
import { GGUF_TENSOR_TYPES, type GgufTensor, type GgufTensorType, type GgufValue } from './gguf.ts';
import type { GgufHeader } from './gguf-header.ts';
import { q8Of } from './q8-0.ts';

/** llama.cpp's names (LLM_ARCH_GPT2 in src/llama-arch.cpp) for Hugging Face's. */
const NAMES: Readonly<Record<string, string>> = {
  'transformer.wte': 'token_embd',
  'transformer.wpe': 'position_embd',
  'transformer.ln_f': 'output_norm',
  lm_head: 'output',
};
const BLOCK_NAMES: Readonly<Record<string, string>> = {
  ln_1: 'attn_norm',
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  ln_2: 'ffn_norm',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
};

/** Numbers of whole files in llama.h's llama_ftype, by the type of their matrices. */
const FILE_TYPES: Readonly<Record<GgufTensorType, number>> = { F32: 0, F16: 1, Q8_0: 7 };
const TOKEN_NORMAL = 1;
const TOKEN_CONTROL = 3;
const TOKEN_UNUSED = 5;

/**
 * What a GGUF file says of a GPT-2. llama.cpp stops the whole process where some of the keys are missing, takes
 * integers only as uint32 and the epsilon only as float32. Without `tokenizer.ggml.pre` and the ids it loads the
 * model and reads texts wrongly.
 */
export function gpt2Metadata(
  config: Gpt2Config,
  vocabulary: Vocabulary,
  type: GgufTensorType,
): Map<string, GgufValue> {
  const { vocab_size, eos_token_id } = config;
  const tokens = Array.from({ length: vocab_size }, (_, id) => vocabulary.tokens[id] ?? `[PAD${id}]`);
  const tokenTypes = tokens.map((_, id) => {
    if (id === eos_token_id) return TOKEN_CONTROL;
    return id < vocabulary.tokens.length ? TOKEN_NORMAL : TOKEN_UNUSED;
  });
  return new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: 'gpt2' }],
    ['general.file_type', { type: 'uint32', value: FILE_TYPES[type] }],
    ['general.quantization_version', { type: 'uint32', value: 2 }],
    ['gpt2.context_length', { type: 'uint32', value: config.n_positions }],
    ['gpt2.embedding_length', { type: 'uint32', value: config.n_embd }],
    ['gpt2.block_count', { type: 'uint32', value: config.n_layer }],
    ['gpt2.feed_forward_length', { type: 'uint32', value: 4 * config.n_embd }],
    ['gpt2.attention.head_count', { type: 'uint32', value: config.n_head }],
    ['gpt2.attention.layer_norm_epsilon', { type: 'float32', value: config.layer_norm_epsilon }],
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: 'gpt-2' }],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'int32', value: tokenTypes }],
    ['tokenizer.ggml.merges', { type: 'array', of: 'string', value: vocabulary.merges }],
    ['tokenizer.ggml.bos_token_id', { type: 'uint32', value: eos_token_id }],
    ['tokenizer.ggml.eos_token_id', { type: 'uint32', value: eos_token_id }],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: false }],
  ]);
}

/**
 * A GPT-2's parameters as llama.cpp wants them: matrices that multiply from the right turned over (but for the
 * embeddings and the head, which have a row for each token), matrices in `type`, all else in float32.
 */
export function gpt2Tensors(sources: readonly TensorSource[], type: GgufTensorType): GgufTensor[] {
  return sources.map((source) => {
    const turned = /\.c_\w+\.weight$/.test(source.name);
    const matrix = turned || /^(transformer\.wte|lm_head)\./.test(source.name);
    const [rows, columns] = source.shape as readonly [number, number];
    const shape = turned ? [columns, rows] : source.shape;
    const name = ggufName(source.name);
    const stored = matrix ? type : 'F32';
    checkRows(name, shape, stored);
    const bytes = async () => {
      const values = (await source.bytes()) as Float32Array;
      return encoded(turned ? transposed(values, rows, columns) : values, stored, name);
    };
    return { name, type: stored, shape, bytes };
  });
}

/**
 * Compares what a GGUF file holds with what was to be written: a reader may stop its whole process, or answer
 * nonsense, where something is missing. Throws ModelFileError.
 */
export function checkGpt2Gguf(
  path: string,
  header: GgufHeader,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): void {
  for (const [key, expected] of metadata) {
    const found = header.metadata.get(key);
    if (found?.type !== expected.type)
      throw new ModelFileError(`${path}: the key ${key} is missing or wrong`);
  }
  for (const { name, type, shape } of tensors) {
    const found = header.tensors.get(name);
    const written = found ? `${found.type} [${found.shape}]` : 'missing';
    if (written !== `${type} [${shape}]`) {
      throw new ModelFileError(`${path}: tensor ${name} is ${written}, expected ${type} [${shape}]`);
    }
  }
}

/** `transformer.h.0.attn.c_attn.weight` -> `blk.0.attn_qkv.weight`. */
function ggufName(name: string): string {
  const [, module, kind] = /^(.*)\.(weight|bias)$/.exec(name)!;
  const [, block, part] = /^transformer\.h\.(\d+)\.(.*)$/.exec(module!) ?? [];
  const theirs = block === undefined ? NAMES[module!]! : `blk.${block}.${BLOCK_NAMES[part!]!}`;
  return `${theirs}.${kind}`;
}

function checkRows(name: string, shape: readonly number[], type: GgufTensorType): void {
  const { block } = GGUF_TENSOR_TYPES[type];
  if (shape.at(-1)! % block === 0) return;
  throw new ModelFileError(`${type} needs rows of a multiple of ${block}, tensor ${name} is [${shape}]`, {
    hint: 'Set quantization: F16.',
  });
}

/** [rows, columns] -> [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column]!;
    }
  }
  return result;
}

/** The largest number that a type can hold, which is binary16's times the integers of a block. */
const LARGEST: Readonly<Record<GgufTensorType, number>> = {
  F32: Number.MAX_VALUE,
  F16: 65504,
  Q8_0: 127 * 65504,
};

function encoded(values: Float32Array, type: GgufTensorType, name: string): ArrayBufferView {
  if (!values.every((value) => Math.abs(value) <= LARGEST[type])) {
    throw new ModelFileError(
      `tensor ${name} holds numbers that ${type} cannot: beyond ${LARGEST[type]}, or none`,
    );
  }
  if (type === 'F32') return values;
  return type === 'F16' ? float16Of(values) : q8Of(values);
}
