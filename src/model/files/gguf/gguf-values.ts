import { type ByteReader, MalformedError } from '../openai/wire-format.ts';
import { shown } from '../tokenizer/folder-vocabulary.ts';
import { GGUF_VALUE_TYPES, type GgufElement, type GgufValue, type GgufValueType } from './gguf.ts';

/** Ten times the values of the largest vocabulary in use, with its merges: what a small file claims to hold takes memory. */
const MAX_VALUES = 4_000_000;

/** Least bytes of a value in a file; those of a text are its length. */
const LEAST_BYTES: Readonly<Record<Exclude<GgufValueType, 'array'>, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  string: 8,
  uint64: 8,
  int64: 8,
  float64: 8,
};
/** A key, its type and a value of one byte. */
const LEAST_ENTRY_BYTES = 13;

/** Reads the metadata of a GGUF file: `count` keys with their values. Throws MalformedError. */
export function parseMetadata(reader: ByteReader, count: number): Map<string, GgufValue> {
  checkCount(reader, count, LEAST_ENTRY_BYTES, 'keys');
  const metadata = new Map<string, GgufValue>();
  let values = count;
  for (let i = 0; i < count; i++) {
    const key = within(`key ${i + 1}`, () => text(reader));
    if (metadata.has(key)) throw new MalformedError(`holds the key ${shown(key)} twice`);
    const value = within(`the key ${shown(key)}`, () => parseValue(reader, MAX_VALUES - values));
    if (value.type === 'array') values += value.value.length;
    metadata.set(key, value);
  }
  return metadata;
}

/** Refuses a number of things that the rest of the file cannot hold, or no file that anybody uses. */
export function checkCount(reader: ByteReader, count: number, leastBytes: number, of: string): void {
  if (count * leastBytes > reader.remaining)
    throw new MalformedError(`ends too early: it claims ${count} ${of}`);
  if (count > MAX_VALUES) throw new MalformedError(`holds ${count} ${of}, which is more than ${MAX_VALUES}`);
}

/** Says in an error which part of the file it is about. */
export function within<Result>(part: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw error instanceof MalformedError ? new MalformedError(`${error.message} (in ${part})`) : error;
  }
}

// A byte order mark is three bytes like others.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A text with its length before it. */
export function text(reader: ByteReader): string {
  const bytes = reader.take(reader.uint64());
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedError('holds a text that is not UTF-8');
  }
}

function parseValue(reader: ByteReader, mostValues: number): GgufValue {
  const type = valueType(reader);
  if (type !== 'array') return { type, value: element(reader, type) };
  const of = valueType(reader);
  if (of === 'array') throw new MalformedError('holds an array of arrays, which is not supported');
  const length = reader.uint64();
  checkCount(reader, length, LEAST_BYTES[of], 'values');
  if (length > mostValues) throw new MalformedError(`holds more than ${MAX_VALUES} values`);
  const value: GgufElement[] = [];
  for (let i = 0; i < length; i++) value.push(element(reader, of));
  return { type, of, value };
}

function valueType(reader: ByteReader): GgufValueType {
  const id = reader.uint32();
  const type = GGUF_VALUE_TYPES[id];
  if (type === undefined) throw new MalformedError(`holds a value of the unknown type ${id}`);
  return type;
}

function element(reader: ByteReader, type: Exclude<GgufValueType, 'array'>): GgufElement {
  if (type === 'string') return text(reader);
  const bytes = reader.take(LEAST_BYTES[type]);
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
    case 'bool':
      return truth(view.getUint8(0));
    case 'uint64':
      return exact(view.getBigUint64(0, true));
    case 'int64':
      return exact(view.getBigInt64(0, true));
    case 'float64':
      return view.getFloat64(0, true);
  }
}

function truth(byte: number): boolean {
  if (byte <= 1) return byte === 1;
  throw new MalformedError(`holds the truth value ${byte}, which is neither 0 nor 1`);
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
