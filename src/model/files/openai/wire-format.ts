/** Bytes that are not what their format says. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** As many as 64 bits need. */
const MAX_VARINT_BYTES = 10;

function inRange(value: number): number {
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  throw new MalformedError('holds a number beyond 2^53');
}

/** Reads little-endian numbers and varints from some bytes; past the end it throws MalformedError. */
export class ByteReader {
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.position >= this.#bytes.length;
  }

  /** Bytes that are not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.position;
  }

  take(length: number): Uint8Array {
    const end = this.position + length;
    if (end > this.#bytes.length) throw new MalformedError('ends too early');
    const taken = this.#bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  uint32(): number {
    const at = this.position;
    this.take(4);
    return this.#view.getUint32(at, true);
  }

  /** An unsigned number of 8 bytes; up to 53 bits are used. */
  uint64(): number {
    const at = this.position;
    this.take(8);
    return inRange(Number(this.#view.getBigUint64(at, true)));
  }

  /** An unsigned number of up to 53 bits, 7 bits a byte, lowest first. */
  varint(): number {
    let value = 0;
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      const byte = this.take(1)[0]!;
      value = inRange(value + (byte & 0x7f) * 128 ** count);
      if (byte < 0x80) return value;
    }
    throw new MalformedError(`holds a number of more than ${MAX_VARINT_BYTES} bytes`);
  }
}

/** A value of a protocol buffer: a number (varint, fixed32) or bytes (length-delimited, fixed64). */
export type ProtobufValue = number | Uint8Array;

/**
 * The fields of a protocol buffer in the order of the bytes
 * (https://protobuf.dev/programming-guides/encoding/). Throws MalformedError.
 */
export function* protobufFields(
  bytes: Uint8Array,
): Generator<readonly [field: number, value: ProtobufValue]> {
  const reader = new ByteReader(bytes);
  while (!reader.done) {
    const tag = reader.varint();
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) yield [field, reader.varint()];
    else if (wireType === 1) yield [field, reader.take(8)];
    else if (wireType === 2) yield [field, reader.take(reader.varint())];
    else if (wireType === 5) yield [field, reader.uint32()];
    else throw new MalformedError(`holds a field of the unknown kind ${wireType}`);
  }
}
