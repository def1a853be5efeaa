import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GgufFile } from '../../src/model/files/gguf/gguf-file.ts';
import { GGUF_TENSOR_TYPES } from '../../src/model/files/gguf/tensor-types.ts';
import { TensorBundle } from '../../src/model/files/openai/tensor-bundle.ts';
import { SafetensorsFile, writeSafetensors } from '../../src/model/files/safetensors.ts';
import { readWeightMap, shardNames } from '../../src/model/files/safetensors-index.ts';
import { sstable } from '../fixtures/openai-checkpoint.ts';
import { rawArray, rawEntry, rawGguf, rawTensor, rawText, uint32 } from '../fixtures/raw-gguf.ts';
import { expectNoCrash, mutated, RUNS } from './mutations.ts';

/* Damaged and hostile files of every format that is read: each is read or refused in words, never worse. */

const CHECKPOINT = fileURLToPath(new URL('../golden/tensorflow-checkpoint', import.meta.url));
const TIMEOUT = 60_000 + 20 * RUNS;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-fuzz-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Finds the index at `path` and the numbers of the real checkpoint. */
const withIndex = (path: string) => (name: string) =>
  name.endsWith('.index') ? path : name.endsWith('-of-00001') ? join(CHECKPOINT, name) : undefined;

async function readBundle(path: string): Promise<void> {
  const bundle = await TensorBundle.open(withIndex(path), 'model.ckpt');
  for (const name of bundle.tensors.keys()) await bundle.readFloats(name);
}

async function readSafetensors(path: string): Promise<void> {
  const file = await SafetensorsFile.open(path);
  try {
    for (const { name, dtype } of file.tensors.values()) {
      await (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16'
        ? file.readFloats(name)
        : file.readBytes(name));
    }
  } finally {
    await file.close();
  }
}

async function readGguf(path: string): Promise<void> {
  const file = await GgufFile.open(path);
  try {
    for (const name of file.tensors.keys()) await file.readFloats(name);
  } finally {
    await file.close();
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe(`of ${RUNS} damaged files, none crashes`, () => {
  it('the reader of safetensors', { timeout: TIMEOUT }, async () => {
    const path = join(directory, 'x.safetensors');
    await writeSafetensors(
      path,
      [
        { name: 'a', dtype: 'F32', shape: [2, 3], bytes: () => new Float32Array(6) },
        { name: 'b', dtype: 'BF16', shape: [4], bytes: () => new Uint16Array(4) },
        { name: 'c', dtype: 'F16', shape: [1, 2], bytes: () => new Uint16Array(2) },
        { name: 'd', dtype: 'I64', shape: [], bytes: () => new BigInt64Array(1) },
      ],
      { format: 'pt' },
    );
    const counts = await expectNoCrash(mutated(readFileSync(path)), readSafetensors);
    expect(counts.refused).toBeGreaterThan(RUNS / 2);
  });

  it('the reader of an index of safetensors', { timeout: TIMEOUT }, async () => {
    const index = {
      metadata: { total_size: 8 },
      weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' },
    };
    const counts = await expectNoCrash(mutated(Buffer.from(JSON.stringify(index))), async (path) => {
      for (const name of shardNames(await readWeightMap(path))) expect(basename(name)).toBe(name);
    });
    expect(counts.refused).toBeGreaterThan(0);
  });

  it('the reader of a checkpoint that TensorFlow wrote', { timeout: TIMEOUT }, async () => {
    const index = readFileSync(join(CHECKPOINT, 'model.ckpt.index'));
    const counts = await expectNoCrash(mutated(index), readBundle);
    expect(counts.refused).toBeGreaterThan(RUNS / 2);
  });

  it('the reader of a checkpoint whose checksums are right', { timeout: TIMEOUT }, async () => {
    const header = Buffer.of(8, 1);
    const entry = Buffer.from([8, 1, 18, 4, 18, 2, 8, 3, 24, 0, 32, 0, 40, 12, 53, 1, 2, 3, 4]);
    const key = fc.oneof(fc.constantFrom('model/wte', 'model/h0/ln_1/g'), fc.string({ maxLength: 300 }));
    const value = fc.oneof(
      mutated(entry),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    );
    const tables = fc
      .tuple(
        mutated(header),
        fc.array(fc.tuple(key, value), { maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
      )
      .map(([first, entries, blockEntries]) =>
        sstable([['', first.length % 2 ? first : header], ...entries], blockEntries),
      );
    const counts = await expectNoCrash(tables, readBundle);
    expect(counts.refused).toBeGreaterThan(0);
  });

  it('the reader of GGUF', { timeout: TIMEOUT }, async () => {
    const vocabulary = ['a', 'b', 'ab', 'é', '<|endoftext|>'].map((token) => rawText(token));
    const blocks = Object.values(GGUF_TENSOR_TYPES).map(({ bytes }) => Math.ceil(bytes / 32) * 32);
    const file = rawGguf({
      entries: [
        rawEntry('general.architecture', 'string', rawText('gpt2')),
        rawEntry('general.alignment', 'uint32', uint32(32)),
        rawEntry('gpt2.attention.layer_norm_epsilon', 'float32', Buffer.from(Float32Array.of(1e-5).buffer)),
        rawEntry('tokenizer.ggml.tokens', 'array', rawArray('string', vocabulary)),
        rawEntry('tokenizer.ggml.token_type', 'array', rawArray('int32', [1, 1, 1, 1, 3].map(uint32))),
      ],
      // One block of each type.
      tensors: Object.entries(GGUF_TENSOR_TYPES).map(([name, { id, block }], i) =>
        rawTensor(name, [block], id, sum(blocks.slice(0, i))),
      ),
      data: Buffer.alloc(sum(blocks), 0x3c),
    });
    const counts = await expectNoCrash(mutated(file), readGguf);
    expect(counts.refused).toBeGreaterThan(RUNS / 4);
    expect(counts.read).toBeGreaterThan(0);
  });
});

describe('small files that claim to be endless', () => {
  const refused = async (bytes: Buffer, message: RegExp, read: (path: string) => Promise<unknown>) => {
    const path = join(directory, 'hostile');
    writeFileSync(path, bytes);
    await expect(read(path)).rejects.toThrow(message);
  };

  it('a checkpoint with a number that never ends', async () => {
    const value = Buffer.concat([Buffer.of(8), Buffer.alloc(300, 0x80), Buffer.of(1)]);
    await refused(sstable([['', value]], 1), /holds a number of more than 10 bytes/, readBundle);
  });

  it('a checkpoint with a key beyond all names', async () => {
    const entries = [
      ['', Buffer.of(8, 1)],
      ['k'.repeat(10_000), Buffer.of(8, 1)],
    ] as const;
    await refused(sstable(entries, 2), /has a key of 10000 bytes/, readBundle);
  });

  it('a checkpoint whose index names a block again and again', async () => {
    const entries = [
      ['', Buffer.of(8, 1)],
      ['model/wte', Buffer.of(8, 3)],
    ] as const;
    await refused(sstable(entries, 2, 1000), /has its blocks out of order at byte 0/, readBundle);
  });

  it('an index of safetensors that leads out of its folder', async () => {
    const index = { weight_map: { a: '../../secret.safetensors' } };
    const message = /"\.\.\/\.\.\/secret\.safetensors" is not the name of a safetensors file/;
    await refused(Buffer.from(JSON.stringify(index)), message, readWeightMap);
  });
});
