import { type FileHandle, open } from 'node:fs/promises';
import { floatsOfBfloat16, floatsOfFloat16 } from './half-precision.ts';
import { ModelFileError } from './model-file-error.ts';

/** Element types that are read and written here; https://huggingface.co/docs/safetensors. */
const ELEMENT_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
type SafetensorsType = keyof typeof ELEMENT_BYTES;

/** One tensor's place in a file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

/** A thousand times the header of a GPT-2: a larger one is an attack or not a safetensors file. */
const MAX_HEADER_BYTES = 25_000_000;
const METADATA = '__metadata__';

/** An open safetensors file, read one tensor at a time. */
export class SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle, header: Header) {
    this.path = path;
    this.#file = file;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
  }

  /** Opens a file and checks its header: offsets, overlaps and sizes. Throws ModelFileError. */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await open(path);
    try {
      return new SafetensorsFile(path, file, await readHeader(path, file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The numbers of a floating-point tensor (F32, F16 or BF16), row by row. */
  async readFloats(name: string): Promise<Float32Array> {
    const { dtype } = this.#entry(name);
    const bytes = await this.readBytes(name);
    if (dtype === 'F32') return new Float32Array(bytes.buffer, 0, bytes.length / 4);
    if (dtype === 'BF16') return floatsOfBfloat16(new Uint16Array(bytes.buffer, 0, bytes.length / 2));
    if (dtype === 'F16') return floatsOfFloat16(new Uint16Array(bytes.buffer, 0, bytes.length / 2));
    throw new ModelFileError(`${this.path}: tensor ${name} is ${dtype}, expected F32, F16 or BF16`);
  }

  /** The numbers of an I32 tensor, row by row. */
  async readInts(name: string): Promise<Int32Array> {
    const { dtype } = this.#entry(name);
    if (dtype !== 'I32') throw new ModelFileError(`${this.path}: tensor ${name} is ${dtype}, expected I32`);
    const bytes = await this.readBytes(name);
    return new Int32Array(bytes.buffer, 0, bytes.length / 4);
  }

  /** The stored bytes of a tensor, little-endian, at the start of a buffer of their own. */
  async readBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const { begin, end } = this.#entry(name);
    return await readFully(this.path, this.#file, begin, end - begin);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.tensors.get(name);
    if (!entry) throw new ModelFileError(`${this.path}: there is no tensor ${name}`);
    return entry;
  }
}

interface Header {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

async function readHeader(path: string, file: FileHandle): Promise<Header> {
  const fail = (problem: string): never => {
    throw new ModelFileError(`${path}: ${problem}`);
  };
  const { size } = await file.stat();
  if (size < 8) fail(`not a safetensors file: ${size} bytes`);
  const start = await readFully(path, file, 0, 8);
  const length = Number(new DataView(start.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) fail(`not a safetensors file: a header of ${length} bytes is claimed`);
  if (8 + length > size) fail(`cut short: the header needs ${8 + length} bytes, the file has ${size}`);
  const json = await readFully(path, file, 8, length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch {
    fail('the header is not JSON');
  }
  if (!isRecord(header)) return fail('the header is not a JSON object');
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => tensorEntry(name, value, 8 + length, fail));
  checkLayout(entries, 8 + length, size, fail);
  const metadata = header[METADATA] ?? {};
  if (!isStrings(metadata)) return fail(`${METADATA} is not an object of texts`);
  return { tensors: new Map(entries.map((entry) => [entry.name, entry])), metadata };
}

function tensorEntry(
  name: string,
  value: unknown,
  dataStart: number,
  fail: (problem: string) => never,
): TensorEntry {
  if (!isRecord(value)) return fail(`tensor ${name}: the entry is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENT_BYTES, dtype))
    return fail(`tensor ${name}: unknown type ${dtype}`);
  if (!isSizes(shape)) return fail(`tensor ${name}: the shape is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2)
    return fail(`tensor ${name}: data_offsets is not two offsets`);
  const [begin, end] = offsets as [number, number];
  const expected = shape.reduce((size, length) => size * length, ELEMENT_BYTES[dtype as SafetensorsType]);
  if (end - begin !== expected) {
    fail(`tensor ${name}: ${dtype} [${shape}] takes ${expected} bytes, data_offsets give ${end - begin}`);
  }
  return { name, dtype: dtype as SafetensorsType, shape, begin: dataStart + begin, end: dataStart + end };
}

/** The format wants the tensors to fill the data section without overlap or gap. */
function checkLayout(
  entries: readonly TensorEntry[],
  dataStart: number,
  size: number,
  fail: (problem: string) => never,
): void {
  let position = dataStart;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > size) fail(`cut short: tensor ${name} ends at byte ${end}, the file has ${size}`);
    if (begin < position) fail(`tensor ${name} overlaps the one before it`);
    if (begin > position) fail(`${begin - position} bytes before tensor ${name} belong to no tensor`);
    position = end;
  }
  if (position !== size) fail(`${size - position} bytes at the end belong to no tensor`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

async function readFully(
  path: string,
  file: FileHandle,
  begin: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    // One read call returns at most 2 GiB.
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), begin + done);
    if (bytesRead === 0) throw new ModelFileError(`${path}: cut short at byte ${begin + done}`);
    done += bytesRead;
  }
  return bytes;
}

/** A tensor to be written; its bytes (little-endian) are asked for when their turn comes. */
export interface TensorSource {
  readonly name: string;
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
  bytes(): Promise<ArrayBufferView> | ArrayBufferView;
}

/**
 * Writes a safetensors file tensor by tensor. Tensors are sorted by name, so the same tensors give the same
 * bytes in whatever order they come. Throws where a source's bytes do not fit its shape.
 */
export async function writeSafetensors(
  path: string,
  sources: Iterable<TensorSource>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : 1));
  const file = await open(path, 'w');
  try {
    await file.writeFile(headerBytes(sorted, metadata));
    for (const source of sorted) {
      const view = await source.bytes();
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      if (bytes.length !== byteLength(source)) {
        throw new ModelFileError(
          `${path}: tensor ${source.name} ${source.dtype} [${source.shape}] needs ${byteLength(source)} bytes, not ${bytes.length}`,
        );
      }
      await file.writeFile(bytes);
    }
  } finally {
    await file.close();
  }
}

function headerBytes(
  sources: readonly TensorSource[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header[METADATA] = metadata;
  let end = 0;
  for (const source of sources) {
    const begin = end;
    end += byteLength(source);
    header[source.name] = { dtype: source.dtype, shape: source.shape, data_offsets: [begin, end] };
  }
  // Padded with spaces, as the format asks, so that the data begins at a multiple of 8.
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}

function byteLength({ dtype, shape }: Pick<TensorSource, 'dtype' | 'shape'>): number {
  return shape.reduce((size, length) => size * length, ELEMENT_BYTES[dtype]);
}
