import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GgufTensor, type GgufValue, writeGguf } from '../../../../src/model/files/gguf/gguf.ts';
import { readGgufHeader } from '../../../../src/model/files/gguf/gguf-header.ts';
import { checkGguf, ggufTensors } from '../../../../src/model/files/gguf/gguf-model.ts';
import { TINY } from '../../tiny-gpt2.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-gguf-'));
  path = join(directory, 'x.gguf');
});
afterEach(() => rmSync(directory, { recursive: true }));

const METADATA = new Map<string, GgufValue>([
  ['general.architecture', { type: 'string', value: 'gpt2' }],
  ['n', { type: 'uint32', value: 4_000_000_000 }],
  ['epsilon', { type: 'float32', value: Math.fround(1e-5) }],
  ['flag', { type: 'bool', value: false }],
  ['words', { type: 'array', of: 'string', value: ['', 'Ġé', '東'] }],
  ['kinds', { type: 'array', of: 'int32', value: [-1, 3] }],
]);
const tensor = (name: string, shape: readonly number[], values: Float32Array): GgufTensor => {
  return { name, type: 'F32', shape, bytes: async () => values };
};
const TENSORS = [
  tensor('a', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  tensor('b', [1], Float32Array.of(7)),
];

describe('a GGUF file', () => {
  it('is read as it was written, with every tensor at a multiple of 32 bytes', async () => {
    await writeGguf(path, METADATA, TENSORS);
    const { metadata, tensors } = await readGgufHeader(path);
    expect(metadata).toEqual(METADATA);
    expect([...tensors.values()].map(({ name, type, shape }) => [name, type, shape])).toEqual([
      ['a', 'F32', [2, 3]],
      ['b', 'F32', [1]],
    ]);
    const bytes = readFileSync(path);
    for (const { begin } of tensors.values()) expect(begin % 32).toBe(0);
    expect(bytes.readFloatLE(tensors.get('a')!.begin + 8)).toBe(3);
    expect(bytes.readFloatLE(tensors.get('b')!.begin)).toBe(7);
    expect(bytes.length % 32).toBe(0);
  });

  it('has the sizes of a shape the other way round, as llama.cpp counts them', async () => {
    await writeGguf(path, new Map(), TENSORS);
    const bytes = readFileSync(path);
    // magic, version, two counts, then the first tensor: its name, 2 dimensions, 3 numbers a row, 2 rows
    expect(bytes.subarray(0, 4).toString()).toBe('GGUF');
    expect([bytes.readUInt32LE(33), bytes.readUInt32LE(37), bytes.readUInt32LE(45)]).toEqual([2, 3, 2]);
  });

  it('is not written with numbers that do not fit', async () => {
    await expect(writeGguf(path, new Map(), [tensor('a', [3], Float32Array.of(1))])).rejects.toThrow(
      `${path}: tensor a F32 [3] needs 12 bytes, not 4`,
    );
  });

  it('is refused where it is cut short', async () => {
    await writeGguf(path, METADATA, TENSORS);
    const { end } = (await readGgufHeader(path)).tensors.get('b')!;
    truncateSync(path, end - 1);
    await expect(readGgufHeader(path)).rejects.toThrow(
      `${path} is cut short: tensor b ends at byte ${end}, the file has ${end - 1}`,
    );
    truncateSync(path, 100);
    await expect(readGgufHeader(path)).rejects.toThrow(`${path} ends too early`);
  });

  it('is refused where it is of another kind or version', async () => {
    writeFileSync(path, 'not one of them');
    await expect(readGgufHeader(path)).rejects.toThrow(`${path} is not a GGUF file`);
    writeFileSync(path, Buffer.from('GGUF\x01\0\0\0'));
    await expect(readGgufHeader(path)).rejects.toThrow("is of GGUF's version 1, not 2 or 3");
  });

  it('is refused where a tensor comes twice or lies elsewhere', async () => {
    await writeGguf(path, new Map(), [TENSORS[0]!, TENSORS[0]!]);
    await expect(readGgufHeader(path)).rejects.toThrow('holds tensor a twice');
    await writeGguf(path, new Map([['general.alignment', { type: 'uint32', value: 64 }]]), TENSORS);
    await expect(readGgufHeader(path)).rejects.toThrow(/puts tensor b at byte \d+, expected \d+/);
  });
});

describe('what was written is compared with what was to be written', () => {
  it('and a key or tensor that is missing or different is named', async () => {
    await writeGguf(path, METADATA, TENSORS);
    const header = await readGgufHeader(path);
    const check = (metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]) => () =>
      checkGguf(path, header, metadata, tensors);
    expect(check(METADATA, TENSORS)).not.toThrow();
    const signed = new Map<string, GgufValue>([['n', { type: 'int32', value: 1 }]]);
    expect(check(signed, [])).toThrow(`${path}: the key n is missing or wrong`);
    expect(check(new Map(), [tensor('a', [3, 2], new Float32Array(6))])).toThrow(
      `${path}: tensor a is F32 [2,3], expected F32 [3,2]`,
    );
    expect(check(new Map(), [tensor('c', [1], new Float32Array(1))])).toThrow(
      `${path}: tensor c is missing, expected F32 [1]`,
    );
  });
});

describe('tensors of a GPT-2 for llama.cpp', () => {
  const source = (name: string, shape: readonly number[], values: readonly number[]) => {
    return { name, dtype: 'F32' as const, shape, bytes: () => Float32Array.from(values) };
  };

  it('are turned over where they multiply from the right', async () => {
    const matrix = source('transformer.h.3.attn.c_proj.weight', [2, 3], [1, 2, 3, 4, 5, 6]);
    const [turned] = ggufTensors({ ...TINY, tie_word_embeddings: true }, [matrix], 'F32');
    expect(turned).toMatchObject({ name: 'blk.3.attn_output.weight', shape: [3, 2], type: 'F32' });
    expect(await turned!.bytes()).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
  });

  it('are not turned over where they have a row for each token', async () => {
    const [head] = ggufTensors(
      { ...TINY, tie_word_embeddings: true },
      [source('lm_head.weight', [2, 3], [1, 2, 3, 4, 5, 6])],
      'F32',
    );
    expect(head).toMatchObject({ name: 'output.weight', shape: [2, 3] });
    expect(await head!.bytes()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  it('are refused where the type cannot hold them', async () => {
    const narrow = source('transformer.wte.weight', [3, 48], []);
    expect(() => ggufTensors({ ...TINY, tie_word_embeddings: true }, [narrow], 'Q8_0')).toThrow(
      'Q8_0 needs rows of a multiple of 32, tensor token_embd.weight is [3,48]',
    );
    for (const value of [65505, Number.NaN]) {
      const [large] = ggufTensors(
        { ...TINY, tie_word_embeddings: true },
        [source('transformer.wte.weight', [1, 2], [0, value])],
        'F16',
      );
      await expect(large!.bytes()).rejects.toThrow('tensor token_embd.weight holds numbers that F16 cannot');
    }
  });
});
