import type { FileHandle } from 'node:fs/promises';
import { insteadOfFile } from './json-file.ts';
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
export type SafetensorsType = keyof typeof ELEMENT_BYTES;

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
/** The key of a header that names no tensor. */
export const METADATA = '__metadata__';

/** What stands at the beginning of a file. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

const AGAIN = 'The file is damaged. Copy or download it again.';
/** Bytes at the beginning of a file by which something else is known. */
const BEGINNING_BYTES = 64;

/** Reads a header and checks offsets, overlaps and sizes. `name`: of the file, in messages. Throws ModelFileError. */
export async function readHeader(name: string, file: FileHandle): Promise<SafetensorsHeader> {
  const fail = (problem: string, hint?: string): never => {
    throw ModelFileError.of(name, problem, hint);
  };
  const { size } = await file.stat();
  const beginning = Buffer.from(await readFully(name, file, 0, Math.min(size, BEGINNING_BYTES))).toString();
  const instead = insteadOfFile(beginning);
  if (instead !== undefined) {
    const pointer = instead.includes('pointer');
    fail(
      `${instead}, not the weights`,
      pointer ? 'In the folder that was cloned, run: git lfs pull' : 'Download the file again.',
    );
  }
  // What torch.save writes is a zip archive.
  if (beginning.startsWith('PK\u0003\u0004'))
    fail('a pickle of PyTorch, not safetensors', 'Save the model again with transformers.');
  if (size < 8) fail(`not a safetensors file: ${size} bytes`, AGAIN);
  const start = await readFully(name, file, 0, 8);
  const length = Number(new DataView(start.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES)
    fail(`not a safetensors file: a header of ${length} bytes is claimed`, AGAIN);
  if (8 + length > size) fail(`cut short: the header needs ${8 + length} bytes, the file has ${size}`, AGAIN);
  const json = await readFully(name, file, 8, length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch {
    fail('the header is not JSON', AGAIN);
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
  const expected = byteLength({ dtype: dtype as SafetensorsType, shape });
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
  fail: (problem: string, hint: string) => never,
): void {
  let position = dataStart;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > size) fail(`cut short: tensor ${name} ends at byte ${end}, the file has ${size}`, AGAIN);
    if (begin < position) fail(`tensor ${name} overlaps the one before it`, AGAIN);
    if (begin > position) fail(`${begin - position} bytes before tensor ${name} belong to no tensor`, AGAIN);
    position = end;
  }
  if (position !== size) fail(`${size - position} bytes at the end belong to no tensor`, AGAIN);
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

/** Some bytes of a file, at the start of a buffer of their own. Throws ModelFileError if it ends before. */
export async function readFully(
  name: string,
  file: FileHandle,
  begin: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    // One read call returns at most 2 GiB.
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), begin + done);
    if (bytesRead === 0) throw ModelFileError.of(name, `cut short at byte ${begin + done}`, AGAIN);
    done += bytesRead;
  }
  return bytes;
}

/** Bytes that a tensor takes. */
export function byteLength({ dtype, shape }: Pick<TensorEntry, 'dtype' | 'shape'>): number {
  return shape.reduce((size, length) => size * length, ELEMENT_BYTES[dtype]);
}
