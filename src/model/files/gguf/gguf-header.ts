import { open } from 'node:fs/promises';
import { ModelFileError } from '../model-file-error.ts';
import { ByteReader, MalformedError } from '../openai/wire-format.ts';
import {
  aligned,
  GGUF_ALIGNMENT,
  GGUF_MAGIC,
  GGUF_TENSOR_TYPES,
  GGUF_VALUE_TYPES,
  GGUF_VERSION,
  type GgufElement,
  type GgufTensorType,
  type GgufValue,
  type GgufValueType,
  ggufBytes,
} from './gguf.ts';

/** A tensor as the table of a GGUF file describes it. */
export interface GgufEntry {
  readonly name: string;
  readonly type: GgufTensorType;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

/** What a GGUF file says about its numbers. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufEntry>;
}

/** A GPT-2's header takes 2 MB, nearly all of it the vocabulary. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
const MAX_DIMENSIONS = 4;

/**
 * Reads the header of a GGUF file and checks it against the file's size: types, shapes, alignment, overlaps.
 * What it claims to hold takes no memory before the bytes are there. Throws ModelFileError.
 */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = new Uint8Array(Math.min(size, MAX_HEADER_BYTES));
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    return parseHeader(start.subarray(0, bytesRead), size);
  } catch (error) {
    throw error instanceof MalformedError ? new ModelFileError(`${path} ${error.message}`) : error;
  } finally {
    await file.close();
  }
}

function parseHeader(bytes: Uint8Array, size: number): GgufHeader {
  const reader = new ByteReader(bytes);
  if (reader.uint32() !== GGUF_MAGIC) throw new MalformedError('is not a GGUF file');
  const version = reader.uint32();
  if (version !== GGUF_VERSION)
    throw new MalformedError(`is of GGUF's version ${version}, not ${GGUF_VERSION}`);
  const tensorCount = reader.uint64();
  const metadata = parseMetadata(reader, reader.uint64());
  const found: GgufEntry[] = [];
  for (let i = 0; i < tensorCount; i++) found.push(parseEntry(reader));
  const alignment = alignmentOf(metadata);
  const dataStart = aligned(reader.position, alignment);
  const tensors = new Map<string, GgufEntry>();
  for (const entry of found) {
    if (tensors.has(entry.name)) throw new MalformedError(`holds tensor ${entry.name} twice`);
    tensors.set(entry.name, { ...entry, begin: dataStart + entry.begin, end: dataStart + entry.end });
  }
  checkLayout([...tensors.values()], dataStart, alignment, size);
  return { metadata, tensors };
}

function parseMetadata(reader: ByteReader, count: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = text(reader);
    if (metadata.has(key)) throw new MalformedError(`holds the key ${key} twice`);
    const type = valueType(reader);
    if (type !== 'array') {
      metadata.set(key, { type, value: element(reader, type) });
      continue;
    }
    const of = valueType(reader);
    const length = reader.uint64();
    const value: GgufElement[] = [];
    for (let j = 0; j < length; j++) value.push(element(reader, of));
    metadata.set(key, { type, of, value });
  }
  return metadata;
}

function valueType(reader: ByteReader): GgufValueType {
  const id = reader.uint32();
  const type = GGUF_VALUE_TYPES[id];
  if (type === undefined) throw new MalformedError(`holds a value of the unknown type ${id}`);
  return type;
}

function element(reader: ByteReader, type: GgufValueType): GgufElement {
  switch (type) {
    case 'string':
      return text(reader);
    case 'bool':
      return reader.take(1)[0] !== 0;
    case 'array':
      throw new MalformedError('holds an array of arrays, which is not supported');
    case 'uint64':
      return reader.uint64();
    default:
      return fixedNumber(reader, type);
  }
}

const FIXED_BYTES = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  int64: 8,
  float64: 8,
};

function fixedNumber(reader: ByteReader, type: keyof typeof FIXED_BYTES): number {
  const bytes = reader.take(FIXED_BYTES[type]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (type) {
    case 'uint8':
      return view.getUint8(0);
    case 'int8':
      return view.getInt8(0);
    case 'uint16':
      return view.getUint16(0, true);
    case 'int16':
      return view.getInt16(0, true);
    case 'uint32':
      return view.getUint32(0, true);
    case 'int32':
      return view.getInt32(0, true);
    case 'float32':
      return view.getFloat32(0, true);
    case 'int64':
      return Number(view.getBigInt64(0, true));
    case 'float64':
      return view.getFloat64(0, true);
  }
}

function text(reader: ByteReader): string {
  return Buffer.from(reader.take(reader.uint64())).toString('utf8');
}

/** `begin` and `end` are counted from the start of the numbers until the header's length is known. */
function parseEntry(reader: ByteReader): GgufEntry {
  const name = text(reader);
  const dimensions = reader.uint32();
  if (dimensions > MAX_DIMENSIONS) {
    throw new MalformedError(
      `gives tensor ${name} ${dimensions} dimensions, at most ${MAX_DIMENSIONS} are allowed`,
    );
  }
  const shape = Array.from({ length: dimensions }, () => reader.uint64()).reverse();
  const id = reader.uint32();
  const type = (Object.keys(GGUF_TENSOR_TYPES) as GgufTensorType[]).find(
    (candidate) => GGUF_TENSOR_TYPES[candidate].id === id,
  );
  if (type === undefined)
    throw new MalformedError(`gives tensor ${name} the type ${id}, which is not supported`);
  const begin = reader.uint64();
  const { block } = GGUF_TENSOR_TYPES[type];
  if ((shape.at(-1) ?? 1) % block !== 0) {
    throw new MalformedError(
      `gives tensor ${name} [${shape}] the type ${type}, whose rows are multiples of ${block}`,
    );
  }
  return { name, type, shape, begin, end: begin + ggufBytes({ type, shape }) };
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get('general.alignment')?.value ?? GGUF_ALIGNMENT;
  if (typeof value === 'number' && Number.isInteger(Math.log2(value)) && value >= 8) return value;
  throw new MalformedError(`has the alignment ${value}, expected a power of two from 8 on`);
}

/** llama.cpp wants the tensors one after the other, each filled up to the alignment. */
function checkLayout(
  tensors: readonly GgufEntry[],
  dataStart: number,
  alignment: number,
  size: number,
): void {
  let position = dataStart;
  for (const { name, begin, end } of tensors) {
    if (begin !== position)
      throw new MalformedError(`puts tensor ${name} at byte ${begin}, expected ${position}`);
    if (end > size)
      throw new MalformedError(`is cut short: tensor ${name} ends at byte ${end}, the file has ${size}`);
    position = aligned(end, alignment);
  }
}
