import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  SafetensorsFile,
  type TensorSource,
  writeSafetensors,
} from '../../../src/model/files/safetensors.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-safetensors-'));
  path = join(directory, 'x.safetensors');
});
afterEach(() => rmSync(directory, { recursive: true }));

const floats = (name: string, values: readonly number[]): TensorSource => {
  return { name, dtype: 'F32', shape: [values.length], bytes: () => Float32Array.from(values) };
};

/** Writes a file by hand: header, then so many bytes of data. */
function writeFile(header: unknown, data: Uint8Array | number): void {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, typeof data === 'number' ? Buffer.alloc(data) : data]));
}

async function read(name: string): Promise<number[]> {
  const file = await SafetensorsFile.open(path);
  try {
    return [...(await file.readFloats(name))];
  } finally {
    await file.close();
  }
}

describe('writing and reading', () => {
  it('gives back names, shapes, numbers and metadata', async () => {
    const ids: TensorSource = {
      name: 'ids',
      dtype: 'I32',
      shape: [1, 2],
      bytes: () => Int32Array.of(-1, 50256),
    };
    await writeSafetensors(path, [floats('b', [1.5, -2]), ids, floats('empty', [])], { format: 'pt' });
    const file = await SafetensorsFile.open(path);
    expect(file.metadata).toEqual({ format: 'pt' });
    expect([...file.tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['b', 'F32', [2]],
      ['empty', 'F32', [0]],
      ['ids', 'I32', [1, 2]],
    ]);
    expect(await file.readFloats('b')).toEqual(Float32Array.of(1.5, -2));
    expect(await file.readInts('ids')).toEqual(Int32Array.of(-1, 50256));
    expect(await file.readFloats('empty')).toEqual(new Float32Array(0));
    await expect(file.readInts('b')).rejects.toThrow(`${path}: tensor b is F32, expected I32`);
    await expect(file.readFloats('c')).rejects.toThrow(`${path}: there is no tensor c`);
    await file.close();
  });

  it('gives the same bytes in whatever order the tensors come, aligned for the numbers', async () => {
    await writeSafetensors(path, [floats('a', [1]), floats('b', [2, 3])]);
    const bytes = readFileSync(path);
    await writeSafetensors(path, [floats('b', [2, 3]), floats('a', [1])]);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(bytes.readBigUInt64LE() % 8n).toBe(0n);
  });

  it('refuses numbers that do not fit the shape', async () => {
    const wrong: TensorSource = { name: 'w', dtype: 'F32', shape: [3], bytes: () => Float32Array.of(1, 2) };
    await expect(writeSafetensors(path, [wrong])).rejects.toThrow('tensor w F32 [3] needs 12 bytes, not 8');
  });
});

describe('half precision', () => {
  it('is read from bfloat16', async () => {
    const halves = Uint16Array.of(0x3f80, 0xc000, 0x0000, 0x7f80, 0x3dcd);
    writeFile({ x: { dtype: 'BF16', shape: [5], data_offsets: [0, 10] } }, new Uint8Array(halves.buffer));
    expect(await read('x')).toEqual([1, -2, 0, Number.POSITIVE_INFINITY, Math.fround(0.10009765625)]);
  });

  it('is read from float16, subnormal numbers and infinities too', async () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0xfc00, 0x7e00, 0x2e66);
    writeFile({ x: { dtype: 'F16', shape: [8], data_offsets: [0, 16] } }, new Uint8Array(halves.buffer));
    expect(await read('x')).toEqual([
      1,
      -2,
      2 ** -24,
      1023 * 2 ** -24,
      65504,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      0.0999755859375,
    ]);
  });
});

describe('a file that breaks the format is refused:', () => {
  const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => {
    return { dtype: 'F32', shape, data_offsets: [begin, end] };
  };
  it.each([
    ['a header that is no JSON', '{"a":', 0, 'the header is not JSON'],
    ['a header that is a list', [], 0, 'the header is not a JSON object'],
    ['an entry that is no object', { a: 3 }, 0, 'tensor a: the entry is not an object'],
    ['an unknown type', { a: { ...f32(0, 4), dtype: 'F4' } }, 4, 'tensor a: unknown type F4'],
    [
      'a property of objects as type',
      { a: { ...f32(0, 4), dtype: 'toString' } },
      4,
      'tensor a: unknown type toString',
    ],
    ['a negative size', { a: f32(0, 4, [-1]) }, 4, 'tensor a: the shape is not a list of sizes'],
    [
      'a fractional offset',
      { a: { ...f32(0, 4), data_offsets: [0, 4.5] } },
      4,
      'tensor a: data_offsets is not two offsets',
    ],
    [
      'a shape of other size',
      { a: f32(0, 4, [2]) },
      4,
      'tensor a: F32 [2] takes 8 bytes, data_offsets give 4',
    ],
    [
      'a shape beyond all bounds',
      { a: f32(0, 4, [2 ** 50, 2 ** 50]) },
      4,
      'tensor a: F32 [1125899906842624,1125899906842624] takes',
    ],
    ['a tensor beyond the end', { a: f32(0, 8) }, 4, 'cut short: tensor a ends at byte'],
    ['a tensor far beyond the end', { a: f32(0, 4e12) }, 4, 'cut short: tensor a ends at byte'],
    ['an overlap', { a: f32(0, 8), b: f32(4, 12) }, 12, 'tensor b overlaps the one before it'],
    ['a gap', { a: f32(0, 4), b: f32(8, 12) }, 12, '4 bytes before tensor b belong to no tensor'],
    ['bytes left over', { a: f32(0, 4) }, 6, '2 bytes at the end belong to no tensor'],
  ] as const)('%s', async (_, header, data, message) => {
    writeFile(header, data);
    await expect(SafetensorsFile.open(path)).rejects.toThrow(`${path}: ${message}`);
  });

  it.each([
    ['no bytes', Buffer.alloc(0), 'not a safetensors file: 0 bytes'],
    [
      'a header longer than the file',
      Buffer.from([99, 0, 0, 0, 0, 0, 0, 0, 1]),
      'cut short: the header needs 107 bytes, the file has 9',
    ],
    [
      'a gigantic header',
      Buffer.alloc(9, 0xff),
      'not a safetensors file: a header of 18446744073709552000 bytes is claimed',
    ],
  ])('%s', async (_, bytes, message) => {
    writeFileSync(path, bytes);
    await expect(SafetensorsFile.open(path)).rejects.toThrow(`${path}: ${message}`);
  });

  it('any prefix of a good file', async () => {
    await writeSafetensors(path, [floats('a', [1, 2]), floats('b', [3])]);
    const whole = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        writeFileSync(path, whole.subarray(0, length));
        await expect(SafetensorsFile.open(path)).rejects.toThrow(path);
      }),
    );
  });
});
