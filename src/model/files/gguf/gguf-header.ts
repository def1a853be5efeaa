import { type FileHandle, open } from 'node:fs/promises';
import { insteadOfFile } from '../json-file.ts';
import { ModelFileError } from '../model-file-error.ts';
import { ByteReader, MalformedError } from '../openai/wire-format.ts';
import { readFully } from '../safetensors-header.ts';
import { shown } from '../tokenizer/folder-vocabulary.ts';
import { aligned, GGUF_ALIGNMENT, GGUF_MAGIC, GGUF_VERSION, type GgufValue } from './gguf.ts';
import { checkCount, parseMetadata, text, within } from './gguf-values.ts';
import {
  GGUF_TENSOR_TYPES,
  type GgufTensorType,
  ggufBytes,
  otherTensorType,
  tensorTypeOf,
} from './tensor-types.ts';

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

/** Five times that of the largest vocabulary in use; nearly all of a header is the vocabulary. */
const MAX_HEADER_BYTES = 64 * 2 ** 20;
/** Versions whose files are the same; the third one only allows big-endian files besides. */
const VERSIONS = [2, GGUF_VERSION];
/** ggml's GGML_MAX_DIMS and GGML_MAX_NAME. */
const MAX_DIMENSIONS = 4;
const MAX_NAME_LENGTH = 64;
/** Name, number of dimensions, type and offset of a tensor. */
const LEAST_ENTRY_BYTES = 24;

/** Reads the header of a GGUF file, as `headerOf` does. */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  const file = await open(path);
  try {
    return await headerOf(path, file);
  } finally {
    await file.close();
  }
}

/**
 * Reads the header of an open GGUF file and checks it against the file's size: counts, types, shapes, alignment, overlaps.
 * What it claims to hold takes no memory before the bytes are there. `name`: of the file, as the user knows it. Throws ModelFileError.
 */
export async function headerOf(name: string, file: FileHandle): Promise<GgufHeader> {
  const { size } = await file.stat();
  const bytes = await readFully(name, file, 0, Math.min(size, MAX_HEADER_BYTES));
  try {
    return parseHeader(bytes, size);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    const beyond = size > bytes.length && error.message.startsWith('ends too early');
    const problem = beyond ? `has a header of more than ${MAX_HEADER_BYTES} bytes` : error.message;
    throw new ModelFileError(`${name} ${problem}`, { files: [name] });
  }
}

function parseHeader(bytes: Uint8Array, size: number): GgufHeader {
  const reader = new ByteReader(bytes);
  checkKind(bytes, reader);
  const tensorCount = reader.uint64();
  const metadata = parseMetadata(reader, reader.uint64());
  checkCount(reader, tensorCount, LEAST_ENTRY_BYTES, 'tensors');
  const found: GgufEntry[] = [];
  for (let i = 0; i < tensorCount; i++) found.push(parseEntry(reader, i));
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

function checkKind(bytes: Uint8Array, reader: ByteReader): void {
  if (bytes.length < 4 || reader.uint32() !== GGUF_MAGIC) {
    const instead = insteadOfFile(Buffer.from(bytes.subarray(0, 64)).toString());
    throw new MalformedError(
      instead === undefined ? 'is not a GGUF file' : `is not a GGUF file but ${instead}`,
    );
  }
  const version = reader.uint32();
  if (VERSIONS.includes(version)) return;
  // The bytes of a small number the other way round.
  if (version % 2 ** 16 === 0 && version > 0)
    throw new MalformedError('is big-endian, only little-endian GGUF files are read');
  throw new MalformedError(`is of GGUF's version ${version}, not ${VERSIONS.join(' or ')}`);
}

/** `begin` and `end` are counted from the start of the numbers until the header's length is known. */
function parseEntry(reader: ByteReader, index: number): GgufEntry {
  const name = within(`the name of tensor ${index + 1}`, () => text(reader));
  if (name.length > MAX_NAME_LENGTH) {
    throw new MalformedError(
      `calls a tensor ${shown(name)}, which is longer than the ${MAX_NAME_LENGTH} bytes of a name`,
    );
  }
  return within(`tensor ${name}`, () => {
    const dimensions = reader.uint32();
    if (dimensions > MAX_DIMENSIONS)
      throw new MalformedError(
        `gives a tensor ${dimensions} dimensions, at most ${MAX_DIMENSIONS} are allowed`,
      );
    const shape = Array.from({ length: dimensions }, () => reader.uint64()).reverse();
    const id = reader.uint32();
    const type = tensorTypeOf(id);
    if (type === undefined) {
      const read = Object.keys(GGUF_TENSOR_TYPES).join(', ');
      throw new MalformedError(
        `has a tensor of the type ${otherTensorType(id)}, which is not read: ${read} are`,
      );
    }
    const begin = reader.uint64();
    const { block } = GGUF_TENSOR_TYPES[type];
    if ((shape.at(-1) ?? 1) % block !== 0) {
      throw new MalformedError(
        `gives a tensor of the shape [${shape}] the type ${type}, whose rows are multiples of ${block}`,
      );
    }
    return { name, type, shape, begin, end: begin + ggufBytes({ type, shape }) };
  });
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get('general.alignment')?.value ?? GGUF_ALIGNMENT;
  if (typeof value === 'number' && Number.isInteger(Math.log2(value)) && value >= 8) return value;
  throw new MalformedError(`has the alignment ${shown(String(value))}, expected a power of two from 8 on`);
}

/** llama.cpp wants the tensors one after the other, each filled up to the alignment, and nothing else. */
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
  if (size > position)
    throw new MalformedError(`has ${size - position} bytes at its end that belong to no tensor`);
}
