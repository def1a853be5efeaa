/** An encoded field of a message of Protocol Buffers; a message is its fields, one after the other. */
export type Field = Buffer;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** `int32`, `int64`, `bool` and enums. */
export function integer(number: number, value: number): Field {
  return Buffer.concat([key(number, VARINT), varint(BigInt.asUintN(64, BigInt(value)))]);
}

export function double(number: number, value: number): Field {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(number, FIXED64), bytes]);
}

export function float(number: number, value: number): Field {
  return Buffer.concat([key(number, FIXED32), floatBytes(value)]);
}

/** `repeated float`, packed. */
export function floats(number: number, values: readonly number[]): Field {
  return bytes(number, Buffer.concat(values.map(floatBytes)));
}

function floatBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

export function text(number: number, value: string): Field {
  return bytes(number, Buffer.from(value.toWellFormed()));
}

/** A message within a message. */
export function message(number: number, ...fields: readonly Field[]): Field {
  return bytes(number, Buffer.concat(fields));
}

function bytes(number: number, value: Buffer): Field {
  return Buffer.concat([key(number, LENGTH), varint(BigInt(value.length)), value]);
}

function key(number: number, wireType: number): Buffer {
  return varint(BigInt((number << 3) | wireType));
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
