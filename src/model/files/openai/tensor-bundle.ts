import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { ModelFileError } from '../model-file-error.ts';
import { maskedCrc32c } from './crc32c.ts';
import { sstableEntries } from './sstable.ts';
import { MalformedError, protobufFields } from './wire-format.ts';

/** No index of a GPT-2 comes near this; a larger one is not what it should be. */
const MAX_INDEX_BYTES = 4 * 2 ** 20;
const MAX_SHARDS = 1000;
const DT_FLOAT = 1;

/** One tensor of a checkpoint, as its index describes it. */
export interface BundleTensor {
  readonly name: string;
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly checksum: number;
}

/** A file with numbers: where it is, and its name in the checkpoint. */
interface Shard {
  readonly name: string;
  readonly path: string;
}

/**
 * A TensorFlow checkpoint (a TensorBundle): `<prefix>.index`, an SSTable of tensor names and places, and
 * `<prefix>.data-00000-of-00001` and further shards with the numbers.
 * Format: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/tensor_bundle/tensor_bundle.h
 */
export class TensorBundle {
  readonly tensors: ReadonlyMap<string, BundleTensor>;
  readonly #shards: readonly Shard[];

  private constructor(tensors: ReadonlyMap<string, BundleTensor>, shards: readonly Shard[]) {
    this.tensors = tensors;
    this.#shards = shards;
  }

  /**
   * Reads the index that `file` finds for a prefix (`model.ckpt`), and checks that every shard is there and
   * long enough. Throws ModelFileError.
   */
  static async open(file: (name: string) => string | undefined, prefix: string): Promise<TensorBundle> {
    const find = (name: string): string => {
      const path = file(name);
      if (path === undefined) throw new ModelFileError(`the checkpoint has no file ${name}`);
      return path;
    };
    const index = `${prefix}.index`;
    const { tensors, shardCount } = await readIndex(find(index), index);
    const shards = dataFileNames(prefix, shardCount).map((name): Shard => ({ name, path: find(name) }));
    for (const [shard, { name, path }] of shards.entries()) {
      const { size } = await stat(path);
      for (const tensor of tensors.values()) {
        if (tensor.shard === shard && tensor.offset + tensor.size > size) {
          throw ModelFileError.of(
            name,
            `cut short: tensor ${tensor.name} ends at byte ${tensor.offset + tensor.size}, the file has ${size}`,
          );
        }
      }
    }
    return new TensorBundle(tensors, shards);
  }

  /** The numbers of a float32 tensor, checked against its checksum. Throws ModelFileError. */
  async readFloats(name: string): Promise<Float32Array> {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new ModelFileError(`the checkpoint has no tensor ${name}`);
    if (tensor.dtype !== DT_FLOAT) {
      throw new ModelFileError(
        `tensor ${name} has TensorFlow's type ${tensor.dtype}, expected ${DT_FLOAT} (float32)`,
      );
    }
    const { name: shard, path } = this.#shards[tensor.shard]!;
    const file = await open(path);
    try {
      const bytes = await readRange(file, tensor);
      if (maskedCrc32c(bytes) !== tensor.checksum) {
        throw ModelFileError.of(shard, `damaged: the checksum of tensor ${name} differs`);
      }
      return new Float32Array(bytes.buffer, 0, bytes.length / 4);
    } finally {
      await file.close();
    }
  }
}

/** Names of the files with the numbers, as the index of a checkpoint counts them. Throws ModelFileError. */
export async function bundleDataFiles(indexPath: string, prefix: string): Promise<string[]> {
  return dataFileNames(prefix, (await readIndex(indexPath, `${prefix}.index`)).shardCount);
}

function dataFileNames(prefix: string, count: number): string[] {
  const digits = (number: number) => `${number}`.padStart(5, '0');
  return Array.from({ length: count }, (_, shard) => `${prefix}.data-${digits(shard)}-of-${digits(count)}`);
}

async function readIndex(
  path: string,
  name: string,
): Promise<{ tensors: Map<string, BundleTensor>; shardCount: number }> {
  const { size } = await stat(path);
  if (size > MAX_INDEX_BYTES) throw ModelFileError.of(name, `${size} bytes are too many for an index`);
  const tensors = new Map<string, BundleTensor>();
  let shardCount = 0;
  try {
    for (const [tensor, value] of sstableEntries(await readFile(path))) {
      if (tensor === '') shardCount = parseHeader(value);
      else if (tensors.has(tensor)) throw new MalformedError(`holds tensor ${tensor} twice`);
      else tensors.set(tensor, parseEntry(tensor, value));
    }
    if (shardCount === 0) throw new MalformedError('has no header');
    for (const { name: tensor, shard } of tensors.values()) {
      if (shard >= shardCount)
        throw new MalformedError(`puts tensor ${tensor} into shard ${shard} of ${shardCount}`);
    }
  } catch (error) {
    if (error instanceof MalformedError)
      throw new ModelFileError(`${name} ${error.message}`, { files: [name] });
    throw error;
  }
  return { tensors, shardCount };
}

/** BundleHeaderProto: 1 number of shards, 2 endianness (0 is little). */
function parseHeader(bytes: Uint8Array): number {
  let shardCount = 0;
  for (const [field, value] of protobufFields(bytes)) {
    if (field === 1 && typeof value === 'number') shardCount = value;
    if (field === 2 && value !== 0)
      throw new MalformedError('is of a big-endian machine, which is not supported');
  }
  if (shardCount < 1 || shardCount > MAX_SHARDS) throw new MalformedError(`claims ${shardCount} shards`);
  return shardCount;
}

/** BundleEntryProto: 1 dtype, 2 shape, 3 shard, 4 offset, 5 size, 6 masked CRC-32C, 7 slices. */
function parseEntry(name: string, bytes: Uint8Array): BundleTensor {
  const numbers = [0, 0, 0, 0, 0, 0, 0];
  let shape: number[] = [];
  for (const [field, value] of protobufFields(bytes)) {
    if (field === 2 && typeof value !== 'number') shape = parseShape(value);
    else if (field === 7) throw new MalformedError(`holds tensor ${name} in slices, which is not supported`);
    else if (field <= 6 && typeof value === 'number') numbers[field] = value;
  }
  const [, dtype, , shard, offset, size, checksum] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const expected = shape.reduce((product, length) => product * length, 4);
  if (dtype === DT_FLOAT && size !== expected) {
    throw new MalformedError(`gives tensor ${name} [${shape}] ${size} bytes, expected ${expected}`);
  }
  return { name, dtype, shape, shard, offset, size, checksum };
}

/** TensorShapeProto: 2 dimensions, each with 1 size. */
function parseShape(bytes: Uint8Array): number[] {
  const shape: number[] = [];
  for (const [field, dimension] of protobufFields(bytes)) {
    if (field !== 2 || typeof dimension === 'number') continue;
    let size = 0;
    for (const [part, value] of protobufFields(dimension))
      if (part === 1 && typeof value === 'number') size = value;
    shape.push(size);
  }
  return shape;
}

async function readRange(file: FileHandle, { offset, size }: BundleTensor): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(size - done, 2 ** 30), offset + done);
    if (bytesRead === 0)
      throw new ModelFileError(`a data file ended at byte ${offset + done} while it was read`);
    done += bytesRead;
  }
  return bytes;
}
