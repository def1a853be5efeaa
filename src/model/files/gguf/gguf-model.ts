import { familyOf } from '../../families/families.ts';
import type { GgufConversion } from '../../families/file-formats.ts';
import type { ModelConfig } from '../../families/model-config.ts';
import { float16Of } from '../half-precision.ts';
import { ModelFileError } from '../model-file-error.ts';
import type { TensorSource } from '../safetensors.ts';
import type { Vocabulary } from '../tokenizer/encoding-files.ts';
import type { GgufTensor, GgufValue } from './gguf.ts';
import type { GgufHeader } from './gguf-header.ts';
import { ggufTokenizer } from './gguf-tokenizer.ts';
import { q8Of } from './q8-0.ts';
import { GGUF_TENSOR_TYPES, type WrittenTensorType } from './tensor-types.ts';
import { transposed } from './transposed.ts';

/** Numbers of whole files in llama.h's llama_ftype, by the type of their matrices. */
const FILE_TYPES: Readonly<Record<WrittenTensorType, number>> = { F32: 0, F16: 1, Q8_0: 7 };

/**
 * What a GGUF file says of a model. llama.cpp stops the whole process where some of the keys are missing, takes
 * integers only as uint32 and the epsilon only as float32. Without `tokenizer.ggml.pre` and the ids it loads the
 * model and reads texts wrongly.
 */
export function ggufMetadata(
  config: ModelConfig,
  vocabulary: Vocabulary,
  type: WrittenTensorType,
  chatTemplate?: string,
): Map<string, GgufValue> {
  const { gguf } = familyOf(config);
  return new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: gguf.architecture }],
    ['general.file_type', { type: 'uint32', value: FILE_TYPES[type] }],
    ['general.quantization_version', { type: 'uint32', value: 2 }],
    ...gguf.metadata(config),
    ...ggufTokenizer(config, vocabulary),
    ...(chatTemplate === undefined ? [] : [templateEntry(chatTemplate)]),
  ]);
}

function templateEntry(value: string): [string, GgufValue] {
  return ['tokenizer.chat_template', { type: 'string', value }];
}

/**
 * A model's tensors as llama.cpp wants them: those that describe its shape, then its parameters. Matrices of linear layers are [out, in];
 * these, the token embedding and the head are in `type`, all else is in float32.
 */
export function ggufTensors(
  config: ModelConfig,
  sources: readonly TensorSource[],
  type: WrittenTensorType,
): GgufTensor[] {
  const { names, gguf } = familyOf(config);
  const describing = Array.from(gguf.describingTensors(config), ([name, values]): GgufTensor => {
    return { name, type: 'F32', shape: [values.length], bytes: async () => values };
  });
  const parameters = sources.map((source): GgufTensor => {
    const { name, shape, turned, linear, conversion } = ggufPlace(config, source);
    const matrix = linear || source.name === names.tokens || source.name === names.head;
    const [rows, columns] = source.shape as readonly [number, number];
    const stored = matrix ? type : 'F32';
    checkRows(name, shape, stored);
    const bytes = async () => {
      const values = (await source.bytes()) as Float32Array;
      const converted = conversion?.toFile(values) ?? values;
      return encoded(turned ? transposed(converted, rows, columns) : converted, stored, name);
    };
    return { name, type: stored, shape, bytes };
  });
  return [...describing, ...parameters];
}

/** Where a parameter is in a GGUF file. */
interface GgufPlace {
  readonly name: string;
  readonly shape: readonly number[];
  /** Rows and columns are the other way round there. */
  readonly turned: boolean;
  /** It is the matrix of a linear layer. */
  readonly linear: boolean;
  /** What else is different there. */
  readonly conversion: GgufConversion | undefined;
}

/** The name and shape of a parameter for llama.cpp, whose linear layers are [out, in]. */
export function ggufPlace(
  config: ModelConfig,
  { name, shape }: Pick<TensorSource, 'name' | 'shape'>,
): GgufPlace {
  const { names, huggingFace, gguf } = familyOf(config);
  const linear = names.linearInBlock.some((layer) => name.endsWith(`.${layer}.weight`));
  const turned = linear && huggingFace.fanInFanOut;
  const conversion = gguf.conversion(config, name);
  return {
    name: gguf.tensorName(name),
    shape: turned ? [...shape].reverse() : shape,
    turned,
    linear,
    conversion,
  };
}

/**
 * Compares what a GGUF file holds with what was to be written: a reader may stop its whole process, or answer
 * nonsense, where something is missing. Throws ModelFileError.
 */
export function checkGguf(
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

function checkRows(name: string, shape: readonly number[], type: WrittenTensorType): void {
  const { block } = GGUF_TENSOR_TYPES[type];
  if (shape.at(-1)! % block === 0) return;
  throw new ModelFileError(`${type} needs rows of a multiple of ${block}, tensor ${name} is [${shape}]`, {
    hint: 'Set quantization: F16.',
  });
}

/** The largest number that a type can hold, which is binary16's times the integers of a block. */
const LARGEST: Readonly<Record<WrittenTensorType, number>> = {
  F32: Number.MAX_VALUE,
  F16: 65504,
  Q8_0: 127 * 65504,
};

function encoded(values: Float32Array, type: WrittenTensorType, name: string): ArrayBufferView {
  if (!values.every((value) => Math.abs(value) <= LARGEST[type])) {
    throw new ModelFileError(
      `tensor ${name} holds numbers that ${type} cannot: beyond ${LARGEST[type]}, or none`,
    );
  }
  if (type === 'F32') return values;
  return type === 'F16' ? float16Of(values) : q8Of(values);
}
