import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ModelFileError } from '../../src/model/files/model-file-error.ts';

/** Cases of each property: 500 in the ordinary tests, more through `npm run fuzz`. */
export const RUNS = Number(process.env.PIPE_FUZZ_RUNS ?? 500);

/** A change to some bytes at a place that is a fraction of their length. */
type Mutation = (bytes: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
/** Numbers at which readers break: limits of types, and what is near them. */
const hostileNumber = fc.oneof(
  fc.constantFrom(0n, 1n, 0x7fn, 0x80n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn, 2n ** 40n),
  fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([at, mask]): Mutation => {
    return (bytes) => replaced(bytes, at, 1, Buffer.of((bytes[index(bytes, at)] ?? 0) ^ mask));
  }),
  fc.tuple(place, hostileNumber, fc.constantFrom(1, 4, 8)).map(([at, number, width]): Mutation => {
    return (bytes) => replaced(bytes, at, width, littleEndian(number, width));
  }),
  place.map(
    (at): Mutation =>
      (bytes) =>
        bytes.subarray(0, index(bytes, at)),
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 20 })).map(([at, added]): Mutation => {
    return (bytes) => replaced(bytes, at, 0, Buffer.from(added));
  }),
  fc.tuple(place, fc.nat(40)).map(([at, length]): Mutation => {
    return (bytes) => replaced(bytes, at, length, Buffer.alloc(0));
  }),
  fc.tuple(place, place, fc.nat(40)).map(([from, to, length]): Mutation => {
    return (bytes) => replaced(bytes, to, 0, bytes.subarray(index(bytes, from), index(bytes, from) + length));
  }),
);

/** A file after one to four such changes. */
export function mutated(original: Buffer): fc.Arbitrary<Buffer> {
  return fc
    .array(mutation, { minLength: 1, maxLength: 4 })
    .map((changes) => changes.reduce<Buffer>((bytes, change) => change(bytes), original));
}

function index(bytes: Buffer, at: number): number {
  return Math.floor(at * bytes.length);
}

function replaced(bytes: Buffer, at: number, length: number, by: Buffer): Buffer {
  const begin = index(bytes, at);
  return Buffer.concat([bytes.subarray(0, begin), by, bytes.subarray(begin + length)]);
}

function littleEndian(number: bigint, width: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes.subarray(0, width);
}

/** Beyond what a reader of a few KB may ask for at once. */
const WILD_BYTES = 32 * 2 ** 20;

/**
 * Gives each of many files to a reader, which may read it or refuse it with a ModelFileError: anything else that it
 * throws, and any wild allocation, fails. (A hang fails by the time that the test is given.) Returns how many were
 * read, and how many refused.
 */
export async function expectNoCrash(
  files: fc.Arbitrary<Buffer>,
  read: (path: string) => Promise<unknown>,
): Promise<{ read: number; refused: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'pipe-fuzz-'));
  const path = join(directory, 'file');
  const counts = { read: 0, refused: 0 };
  const restore = watchAllocations();
  try {
    await fc.assert(
      fc.asyncProperty(files, async (bytes) => {
        writeFileSync(path, bytes);
        try {
          await read(path);
          counts.read++;
        } catch (error) {
          if (!(error instanceof ModelFileError)) throw error;
          counts.refused++;
        }
      }),
      { numRuns: RUNS },
    );
    return counts;
  } finally {
    restore();
    rmSync(directory, { recursive: true });
  }
}

/** Makes `new Uint8Array(n)` and its like throw for a wild `n`, before a machine with much memory bears it. */
function watchAllocations(): () => void {
  const originals = { Uint8Array, Float32Array, ArrayBuffer };
  for (const [name, original] of Object.entries(originals)) {
    const construct = (target: typeof original, values: unknown[], newTarget: unknown): object => {
      const [size] = values;
      if (typeof size === 'number' && size > WILD_BYTES)
        throw new Error(`wild allocation: ${name} of ${size}`);
      return Reflect.construct(target, values, newTarget === watched ? target : (newTarget as typeof target));
    };
    const watched: unknown = new Proxy(original, { construct });
    Object.assign(globalThis, { [name]: watched });
  }
  return () => Object.assign(globalThis, originals);
}
