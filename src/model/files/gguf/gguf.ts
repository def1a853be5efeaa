import { open } from 'node:fs/promises';
import { ModelFileError } from '../model-file-error.ts';
import { GGUF_TENSOR_TYPES, ggufBytes, type WrittenTensorType } from './tensor-types.ts';

/*
 * GGUF, the file format of llama.cpp: metadata, a table of tensors, then their numbers, all little-endian.
 * Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export const GGUF_MAGIC = 0x46554747;
export const GGUF_VERSION = 3;
/** Where no `general.alignment` says otherwise, numbers of a tensor begin at a multiple of this. */
export const GGUF_ALIGNMENT = 32;

/** Types of a metadata value, each at the place of its number in the file. */
export const GGUF_VALUE_TYPES = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;
export type GgufValueType = (typeof GGUF_VALUE_TYPES)[number];
/** Integers of 64 bits that a number cannot hold are a bigint. */
export type GgufElement = number | bigint | boolean | string;

export type GgufValue =
  | { readonly type: Exclude<GgufValueType, 'array'>; readonly value: GgufElement }
  | { readonly type: 'array'; readonly of: GgufValueType; readonly value: readonly GgufElement[] };

/** A tensor to be written; the bytes of its rows are requested when their turn comes. */
export interface GgufTensor {
  readonly name: string;
  readonly type: WrittenTensorType;
  /** As everywhere here the last one is the row's length; the file has them the other way round. */
  readonly shape: readonly number[];
  bytes(): Promise<ArrayBufferView>;
}

/** The least multiple of `alignment` that is not below `offset`. */
export function aligned(offset: number, alignment = GGUF_ALIGNMENT): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** Writes a GGUF file tensor by tensor, in the order given. Throws ModelFileError if bytes do not fit a shape. */
export async function writeGguf(
  path: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(header(metadata, tensors));
    for (const tensor of tensors) {
      const view = await tensor.bytes();
      const expected = ggufBytes(tensor);
      if (view.byteLength !== expected) {
        throw new ModelFileError(
          `${path}: tensor ${tensor.name} ${tensor.type} [${tensor.shape}] needs ${expected} bytes, not ${view.byteLength}`,
        );
      }
      await file.writeFile(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
      await file.writeFile(new Uint8Array(aligned(expected) - expected));
    }
  } finally {
    await file.close();
  }
}

function header(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Buffer {
  const parts: Buffer[] = [uint32(GGUF_MAGIC), uint32(GGUF_VERSION), uint64(tensors.length)];
  parts.push(uint64(metadata.size));
  for (const [key, value] of metadata) {
    parts.push(text(key), uint32(GGUF_VALUE_TYPES.indexOf(value.type)));
    if (value.type === 'array') {
      parts.push(uint32(GGUF_VALUE_TYPES.indexOf(value.of)), uint64(value.value.length));
      for (const element of value.value) parts.push(elementBytes(value.of, element));
    } else parts.push(elementBytes(value.type, value.value));
  }
  let offset = 0;
  for (const tensor of tensors) {
    const { name, type, shape } = tensor;
    parts.push(text(name), uint32(shape.length), ...[...shape].reverse().map(uint64));
    parts.push(uint32(GGUF_TENSOR_TYPES[type].id), uint64(offset));
    offset += aligned(ggufBytes(tensor));
  }
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}

function elementBytes(type: GgufValueType, value: GgufElement): Buffer {
  if (type === 'string') return text(String(value));
  if (type === 'bool') return Buffer.of(value ? 1 : 0);
  const bytes = Buffer.alloc(4);
  if (type === 'uint32') bytes.writeUInt32LE(Number(value));
  else if (type === 'int32') bytes.writeInt32LE(Number(value));
  else if (type === 'float32') bytes.writeFloatLE(Number(value));
  else throw new TypeError(`values of the type ${type} are not written`);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
