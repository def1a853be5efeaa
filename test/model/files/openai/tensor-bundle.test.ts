import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maskedCrc32c } from '../../../../src/model/files/openai/crc32c.ts';
import { TensorBundle } from '../../../../src/model/files/openai/tensor-bundle.ts';
import { sstable, tensorBundle } from '../../../fixtures/openai-checkpoint.ts';

/** Written by TensorFlow itself: test/golden/tensorflow_checkpoint.py. */
const REAL = fileURLToPath(new URL('../../../golden/tensorflow-checkpoint', import.meta.url));
const INDEX = 'model.ckpt.index';
const DATA = 'model.ckpt.data-00000-of-00001';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-bundle-'));
  cpSync(REAL, directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

const find = (name: string) => (existsSync(join(directory, name)) ? join(directory, name) : undefined);
const open = () => TensorBundle.open(find, 'model.ckpt');

/** Opens the checkpoint and reads all of it. */
async function readAll(): Promise<void> {
  const bundle = await open();
  for (const name of bundle.tensors.keys()) await bundle.readFloats(name);
}

describe('a checkpoint that TensorFlow wrote', () => {
  it('is read, every number of it', async () => {
    const bundle = await open();
    expect(bundle.tensors.size).toBe(16);
    expect(bundle.tensors.get('model/h0/attn/c_attn/w')!.shape).toEqual([1, 4, 12]);
    for (const [name, { shape }] of bundle.tensors) {
      const size = shape.reduce((product, length) => product * length, 1);
      const expected = Float32Array.from({ length: size }, (_, i) => i / 8 - name.length);
      expect(await bundle.readFloats(name), name).toEqual(expected);
    }
  });

  it('is refused when any byte of the numbers has changed', async () => {
    const path = join(directory, DATA);
    const bytes = readFileSync(path);
    bytes[700]! ^= 1;
    writeFileSync(path, bytes);
    await expect(readAll()).rejects.toThrow(/damaged: the checksum of tensor model\/\S+ differs/);
  });

  it('is refused when it is cut short', async () => {
    truncateSync(join(directory, DATA), 1000);
    await expect(open()).rejects.toThrow(/cut short: tensor \S+ ends at byte \d+, the file has 1000/);
  });

  it('is refused when a file is missing', async () => {
    rmSync(join(directory, DATA));
    await expect(open()).rejects.toThrow(`the checkpoint has no file ${DATA}`);
  });

  it('is never read wrongly, whatever happens to its index', async () => {
    const whole = readFileSync(join(directory, INDEX));
    const damage = fc.oneof(
      fc.record({ at: fc.nat(whole.length - 1), mask: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ cut: fc.nat(whole.length - 1) }),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (change) => {
        const bytes = 'cut' in change ? whole.subarray(0, change.cut) : Buffer.from(whole);
        if ('at' in change) bytes[change.at]! ^= change.mask;
        writeFileSync(join(directory, INDEX), bytes);
        // Some bytes of the footer are padding: then nothing is wrong with the numbers either.
        await readAll().catch((error: Error) => expect(error.message).toContain(INDEX));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a checkpoint index', () => {
  const writeIndex = (entries: readonly (readonly [string, Buffer])[]) =>
    writeFileSync(join(directory, INDEX), sstable(entries, 2));

  it('may put tensors into several data files', async () => {
    const values = { a: Float32Array.of(1, 2, 3), b: Float32Array.of(4, 5, 6) };
    const entry = (shard: number, bytes: Uint8Array) => {
      const checksum = Buffer.alloc(5, 0x35);
      checksum.writeUInt32LE(maskedCrc32c(bytes), 1);
      return Buffer.concat([
        Buffer.from([0x08, 1, 0x12, 4, 0x12, 2, 0x08, 3, 0x18, shard, 0x28, 12]),
        checksum,
      ]);
    };
    const [a, b] = [new Uint8Array(values.a.buffer), new Uint8Array(values.b.buffer)];
    writeFileSync(join(directory, 'model.ckpt.data-00000-of-00002'), a);
    writeFileSync(join(directory, 'model.ckpt.data-00001-of-00002'), b);
    writeIndex([
      ['', Buffer.from([0x08, 2])],
      ['a', entry(0, a)],
      ['b', entry(1, b)],
    ]);
    const bundle = await open();
    expect(await bundle.readFloats('a')).toEqual(values.a);
    expect(await bundle.readFloats('b')).toEqual(values.b);
  });

  it.each([
    ['no header', [['a', Buffer.of()]], 'has no header'],
    ['a big-endian machine', [['', Buffer.from([0x08, 1, 0x10, 1])]], 'is of a big-endian machine'],
    [
      'a wrong size',
      [
        ['', Buffer.from([0x08, 1])],
        ['a', Buffer.from([0x08, 1, 0x28, 9])],
      ],
      'gives tensor a [] 9 bytes, expected 4',
    ],
    [
      'a shard too many',
      [
        ['', Buffer.from([0x08, 1])],
        ['a', Buffer.from([0x18, 1])],
      ],
      'puts tensor a into shard 1 of 1',
    ],
    [
      'slices',
      [
        ['', Buffer.from([0x08, 1])],
        ['a', Buffer.from([0x3a, 0])],
      ],
      'holds tensor a in slices',
    ],
    ['a message that ends too early', [['', Buffer.from([0x0a, 200, 1])]], 'ends too early'],
  ] as const)('with %s is refused', async (_, entries, message) => {
    writeIndex(entries as unknown as [string, Buffer][]);
    await expect(open()).rejects.toThrow(`${INDEX} ${message}`);
  });
});

it('what the test writes as OpenAI did is read back, whatever the shapes', async () => {
  const tensor = fc.record({
    name: fc.stringMatching(/^[a-z/_]{1,20}$/),
    shape: fc.array(fc.nat(5), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(tensor, { selector: ({ name }) => name, minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (tensors, blockEntries) => {
        const written = tensors.map(({ name, shape }, t) => {
          const size = shape.reduce((product, length) => product * length, 1);
          return { name, shape, values: Float32Array.from({ length: size }, (_, i) => i * 1.5 - t) };
        });
        const { index, data } = tensorBundle(written, blockEntries);
        writeFileSync(join(directory, INDEX), index);
        writeFileSync(join(directory, DATA), data);
        const bundle = await open();
        expect([...bundle.tensors.keys()].sort()).toEqual(written.map(({ name }) => name).sort());
        for (const { name, shape, values } of written) {
          expect(bundle.tensors.get(name)!.shape).toEqual(shape);
          expect(await bundle.readFloats(name)).toEqual(values);
        }
      },
    ),
    { numRuns: 50 },
  );
});
