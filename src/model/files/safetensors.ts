import { type FileHandle, open } from 'node:fs/promises';
import { floatsOfBfloat16, floatsOfFloat16 } from './half-precision.ts';
import { ModelFileError } from './model-file-error.ts';
import {
  byteLength,
  METADATA,
  readFully,
  readHeader,
  type SafetensorsHeader,
  type SafetensorsType,
  type TensorEntry,
} from './safetensors-header.ts';

/** An open safetensors file, read one tensor at a time. */
export class SafetensorsFile {
  /** As messages call it. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: FileHandle;

  private constructor(name: string, file: FileHandle, header: SafetensorsHeader) {
    this.name = name;
    this.#file = file;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
  }

  /**
   * Opens a file and checks its header: offsets, overlaps and sizes. `name`: of the file, as the user knows it. Throws
   * ModelFileError.
   */
  static async open(path: string, name = path): Promise<SafetensorsFile> {
    const file = await open(path);
    try {
      return new SafetensorsFile(name, file, await readHeader(name, file));
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
    throw ModelFileError.of(this.name, `tensor ${name} is ${dtype}, expected F32, F16 or BF16`);
  }

  /** The numbers of an I32 tensor, row by row. */
  async readInts(name: string): Promise<Int32Array> {
    const { dtype } = this.#entry(name);
    if (dtype !== 'I32') throw ModelFileError.of(this.name, `tensor ${name} is ${dtype}, expected I32`);
    const bytes = await this.readBytes(name);
    return new Int32Array(bytes.buffer, 0, bytes.length / 4);
  }

  /** The stored bytes of a tensor, little-endian, at the start of a buffer of their own. */
  async readBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const { begin, end } = this.#entry(name);
    return await readFully(this.name, this.#file, begin, end - begin);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.tensors.get(name);
    if (!entry) throw ModelFileError.of(this.name, `there is no tensor ${name}`);
    return entry;
  }
}

/** A tensor to be written; its bytes (little-endian) are requested when their turn comes. */
export interface TensorSource {
  readonly name: string;
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
  bytes(): Promise<ArrayBufferView> | ArrayBufferView;
}

/**
 * Writes a safetensors file tensor by tensor. Tensors are sorted by name, so the same tensors give the same
 * bytes in whatever order they come. Throws if a source's bytes do not fit its shape.
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
