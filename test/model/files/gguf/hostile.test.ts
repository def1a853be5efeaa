import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GgufFile } from '../../../../src/model/files/gguf/gguf-file.ts';
import { GGUF_TENSOR_TYPES } from '../../../../src/model/files/gguf/tensor-types.ts';
import { ModelFileError } from '../../../../src/model/files/model-file-error.ts';
import {
  rawArray,
  rawEntry,
  rawGguf,
  rawTensor,
  rawText,
  uint32,
  uint64,
} from '../../../fixtures/raw-gguf.ts';

let directory: string;
let path: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-gguf-'));
  path = join(directory, 'x');
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The numbers of every tensor of a file, by name. */
async function read(bytes: Buffer): Promise<Record<string, number[]>> {
  writeFileSync(path, bytes);
  const file = await GgufFile.open(path, 'x.gguf');
  try {
    const read: Record<string, number[]> = {};
    for (const name of file.tensors.keys()) read[name] = [...(await file.readFloats(name))];
    return read;
  } finally {
    await file.close();
  }
}

const F32 = GGUF_TENSOR_TYPES.F32.id;
const entry = (value: Buffer) => rawGguf({ entries: [value] });
const tensor = (sizes: readonly (number | bigint)[], type: number, offset: number, dimensions?: number) =>
  rawGguf({ tensors: [rawTensor('a', sizes, type, offset, dimensions)], data: Buffer.alloc(64) });
const INVALID = Buffer.of(0x61, 0xff);
const HUGE = [2n ** 31n, 2n ** 53n - 1n, 2n ** 60n, 2n ** 64n - 1n];
const tooLate = /x\.gguf (ends too early|holds a number beyond 2\^53)/;
const cases: [what: string, bytes: Buffer, message: RegExp | string][] = [
  ['nothing', Buffer.alloc(0), 'x.gguf is not a GGUF file'],
  ['another magic', rawGguf({ magic: 'GGML' }), 'x.gguf is not a GGUF file'],
  ['a web page', Buffer.from('<!doctype html><p>Please log in'), 'x.gguf is not a GGUF file but a web page'],
  [
    'what git leaves without git-lfs',
    Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0'),
    'x.gguf is not a GGUF file but a git-lfs pointer',
  ],
  ['version 1', rawGguf({ version: uint32(1) }), "x.gguf is of GGUF's version 1, not 2 or 3"],
  ['version 0', rawGguf({ version: uint32(0) }), "x.gguf is of GGUF's version 0"],
  ['a version of the future', rawGguf({ version: uint32(4) }), "x.gguf is of GGUF's version 4"],
  ['the bytes of a big machine', rawGguf({ version: Buffer.of(0, 0, 0, 3) }), 'x.gguf is big-endian'],
  ...HUGE.flatMap((count): typeof cases => [
    [`${count} keys`, rawGguf({ entryCount: count }), tooLate],
    [`${count} tensors`, rawGguf({ tensorCount: count }), tooLate],
    [`a key of ${count} bytes`, entry(rawText('k', count)), tooLate],
    [`a text of ${count} bytes`, entry(rawEntry('k', 'string', rawText('', count))), tooLate],
    [`an array of ${count} numbers`, entry(rawEntry('k', 'array', rawArray('uint8', [], count))), tooLate],
    [`an array of ${count} texts`, entry(rawEntry('k', 'array', rawArray('string', [], count))), tooLate],
    [
      `a tensor's name of ${count} bytes`,
      rawGguf({ tensors: [rawText('a', count), Buffer.alloc(40)] }),
      tooLate,
    ],
    [`rows of ${count} numbers`, tensor([count], F32, 0), /x\.gguf (is cut short: tensor a|holds a number)/],
    [
      `2^53 times rows of ${count}`,
      tensor([count, 2n ** 53n - 1n, 2n ** 53n - 1n], F32, 0),
      /x\.gguf (is cut short|holds a number)/,
    ],
  ]),
  ['a key that is not UTF-8', entry(rawEntry(INVALID, 'uint8', Buffer.of(1))), 'not UTF-8 (in key 1)'],
  [
    'a text that is not UTF-8',
    entry(rawEntry('k', 'string', rawText(INVALID))),
    'not UTF-8 (in the key "k")',
  ],
  [
    'a text of an array that is not UTF-8',
    entry(rawEntry('k', 'array', rawArray('string', [rawText(INVALID)]))),
    'not UTF-8 (in the key "k")',
  ],
  [
    'a key that comes twice',
    rawGguf({ entries: [1, 2].map((value) => rawEntry('k', 'uint8', Buffer.of(value))) }),
    'x.gguf holds the key "k" twice',
  ],
  [
    'a value of no type',
    entry(Buffer.concat([rawText('k'), uint32(13), uint64(0)])),
    'the unknown type 13 (in the key "k")',
  ],
  [
    'an array of no type',
    entry(rawEntry('k', 'array', Buffer.concat([uint32(99), uint64(0)]))),
    'the unknown type 99',
  ],
  ['a truth value of 2', entry(rawEntry('k', 'bool', Buffer.of(2))), 'the truth value 2'],
  [
    'arrays in arrays, 10,000 deep',
    entry(
      rawEntry('k', 'array', Buffer.concat(Array.from({ length: 10_000 }, () => rawArray('array', [], 1)))),
    ),
    'x.gguf holds an array of arrays, which is not supported (in the key "k")',
  ],
  [
    'more values than any model has',
    entry(rawEntry('k', 'array', rawArray('uint8', [Buffer.alloc(4_000_001)], 4_000_001))),
    'holds 4000001 values, which is more than 4000000',
  ],
  [
    'more values than any model has, in two arrays',
    rawGguf({
      entries: ['k', 'l'].map((key) =>
        rawEntry(key, 'array', rawArray('uint8', [Buffer.alloc(2_500_000)], 2_500_000)),
      ),
    }),
    'holds more than 4000000 values (in the key "l")',
  ],
  ...[0, 1, 7, 24, 2 ** 31 + 1].map((alignment): (typeof cases)[number] => [
    `the alignment ${alignment}`,
    entry(rawEntry('general.alignment', 'uint32', uint32(alignment))),
    `has the alignment "${alignment}"`,
  ]),
  [
    'an alignment in words',
    entry(rawEntry('general.alignment', 'string', rawText('wide'))),
    'has the alignment "wide"',
  ],
  [
    "a tensor's name that is not UTF-8",
    rawGguf({ tensors: [rawTensor(INVALID, [1], F32, 0)] }),
    'not UTF-8 (in the name of tensor 1)',
  ],
  [
    "a tensor's name of 65 letters",
    rawGguf({ tensors: [rawTensor('a'.repeat(65), [1], F32, 0)] }),
    'longer than the 64 bytes of a name',
  ],
  ['five dimensions', tensor([1, 1, 1, 1, 1], F32, 0), '5 dimensions, at most 4 are allowed (in tensor a)'],
  ['2^32 - 1 dimensions', tensor([1], F32, 0, 2 ** 32 - 1), '4294967295 dimensions'],
  [
    'a type that is not read',
    tensor([256], 10, 0),
    'a tensor of the type Q2_K, which is not read: F32, F16, BF16, Q4_0',
  ],
  ['a type of the past', tensor([32], 4, 0), 'of the type number 4, which is not read'],
  ['a type of the future', tensor([32], 2 ** 32 - 1, 0), 'of the type number 4294967295'],
  [
    'rows that are no blocks',
    tensor([33], GGUF_TENSOR_TYPES.Q4_0.id, 0),
    'of the shape [33] the type Q4_0, whose rows are multiples of 32',
  ],
  [
    'the same tensor twice',
    rawGguf({ tensors: [rawTensor('a', [1], F32, 0), rawTensor('a', [1], F32, 32)], data: Buffer.alloc(64) }),
    'x.gguf holds tensor a twice',
  ],
  [
    'tensors that overlap',
    rawGguf({
      tensors: [rawTensor('a', [16], F32, 0), rawTensor('b', [1], F32, 32)],
      data: Buffer.alloc(96),
    }),
    /puts tensor b at byte \d+, expected \d+/,
  ],
  ['a tensor beyond the end', tensor([1], F32, 2 ** 40), 'puts tensor a at byte'],
  ['a tensor that is longer than the file', tensor([1000], F32, 0), 'is cut short: tensor a ends at byte'],
  ['bytes that belong to nothing', tensor([1], F32, 0), 'has 32 bytes at its end that belong to no tensor'],
];

describe('a forged GGUF file is refused by name', () => {
  it.each(cases)('%s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toThrow(ModelFileError);
    await expect(read(bytes)).rejects.toMatchObject({ files: ['x.gguf'] });
  });

  /** Where the binary16 scales of a block are. */
  const scales = {
    F16: [0],
    BF16: [0],
    Q4_0: [0],
    Q4_1: [0, 2],
    Q5_0: [0],
    Q5_1: [0, 2],
    Q8_0: [0],
    Q4_K: [0, 2],
    Q5_K: [0, 2],
    Q6_K: [208],
  };
  const scaleCases = (Object.keys(scales) as (keyof typeof scales)[]).flatMap((type) =>
    scales[type].map((at) => ({ type, at })),
  );
  it.each(scaleCases)('$type with a scale that is no number, at byte $at', async ({ type, at }) => {
    const { id, block, bytes } = GGUF_TENSOR_TYPES[type];
    const data = Buffer.alloc(2 * bytes, 1);
    const file = rawGguf({ tensors: [rawTensor('a', [2 * block], id, 0)], data });
    const start = file.length - data.length;
    expect((await read(file)).a).toHaveLength(2 * block);
    for (const half of [0x7e00, 0x7c00, 0xfc00]) {
      const damaged = Buffer.from(file);
      damaged.writeUInt16LE(type === 'BF16' ? half | 0x7f80 : half, start + bytes + at);
      await expect(read(damaged)).rejects.toThrow(
        `x.gguf: tensor a (${type}) has numbers that are infinite or none`,
      );
    }
  });
});

describe('an unusual GGUF file is read', () => {
  it('of version 2, whose bytes are the same', async () => {
    const data = Buffer.from(Float32Array.of(1, -2).buffer);
    const file = rawGguf({ version: uint32(2), tensors: [rawTensor('a', [2], F32, 0)], data });
    expect(await read(file)).toEqual({ a: [1, -2] });
  });

  it('with values of every type, integers of 64 bits among them', async () => {
    const eight = Buffer.alloc(8, 0xff);
    const entries = [
      rawEntry('u8', 'uint8', eight.subarray(0, 1)),
      rawEntry('i8', 'int8', eight.subarray(0, 1)),
      rawEntry('u16', 'uint16', eight.subarray(0, 2)),
      rawEntry('i16', 'int16', eight.subarray(0, 2)),
      rawEntry('u32', 'uint32', eight.subarray(0, 4)),
      rawEntry('i32', 'int32', eight.subarray(0, 4)),
      rawEntry('u64', 'uint64', eight),
      rawEntry('i64', 'int64', eight),
      rawEntry('f64', 'float64', Buffer.from(Float64Array.of(0.1).buffer)),
      rawEntry('f32', 'float32', Buffer.from(Float32Array.of(1e-5).buffer)),
      rawEntry('\ufeff', 'string', rawText('\ufeffé')),
    ];
    writeFileSync(path, rawGguf({ entries }));
    const file = await GgufFile.open(path, 'x.gguf');
    await file.close();
    const { metadata } = file;
    const numbers = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'i64', 'f64'].map((key) => metadata.number(key));
    expect(numbers).toEqual([255, -1, 65535, -1, 2 ** 32 - 1, -1, -1, 0.1]);
    expect(metadata.decimal('f32')).toBe(1e-5);
    expect(metadata.text('\ufeff')).toBe('\ufeffé');
    expect(() => metadata.number('u64')).toThrow(
      'x.gguf: u64 is "18446744073709551615" (uint64), expected a number',
    );
    expect(() => metadata.text('u8')).toThrow('x.gguf: u8 is "255" (uint8), expected a text');
    expect(() => metadata.numbers('none')).toThrow(
      'x.gguf: there is no key none, expected a list of numbers',
    );
  });
});
