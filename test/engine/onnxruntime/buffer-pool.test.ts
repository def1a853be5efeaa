import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../src/engine/onnxruntime/buffer-pool.ts';

/** So many numbers take a whole slab of their own. */
const LARGE = 2 ** 26 + 2 ** 10;

describe('the pool of arrays', () => {
  it('cuts short arrays out of what a long one left', () => {
    const pool = new BufferPool();
    pool.give(pool.take('float32', LARGE));
    const { bytes } = pool;
    const arrays = [pool.take('float32', LARGE / 2), pool.take('int32', LARGE / 4), pool.take('bool', LARGE)];
    expect(arrays.map(({ length }) => length)).toEqual([LARGE / 2, LARGE / 4, LARGE]);
    expect(new Set(arrays.map(({ buffer }) => buffer)).size).toBe(1);
    expect(pool.bytes).toBe(bytes);
  });

  it('joins what is given back, in whatever order, to what a long one needs', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    const pool = new BufferPool();
    pool.give(pool.take('float32', LARGE));
    const { bytes } = pool;
    fc.assert(
      fc.property(order, (places) => {
        const quarters = places.map(() => pool.take('float32', LARGE / 4));
        for (const place of places) pool.give(quarters[place]!);
        pool.give(pool.take('float32', LARGE));
        expect(pool.bytes).toBe(bytes);
      }),
    );
  });

  it('leaves long pieces whole while there are short ones', () => {
    const pool = new BufferPool();
    const [long, between, short] = [1000, 16, 100].map((length) => pool.take('float32', length));
    pool.take('float32', 16); // what follows is not free to be joined to the short one
    pool.give(long!);
    pool.give(short!);
    expect(pool.take('float32', 90).byteOffset).toBe(short!.byteOffset);
    expect(pool.take('float32', 900).byteOffset).toBe(long!.byteOffset);
    expect(between).toBeDefined();
  });

  it('leaves arrays alone that did not come from it', () => {
    const pool = new BufferPool();
    const { buffer } = pool.take('float32', 8);
    pool.give(new Float32Array(buffer, 0, 8));
    pool.give(new Float32Array(8));
    expect(pool.take('float32', 8).byteOffset).not.toBe(0);
  });

  it('never lets two arrays overlap', () => {
    const lengths = [1, 16, 17, 40, 1000] as const;
    const steps = fc.array(
      fc.record({
        take: fc.boolean(),
        length: fc.constantFrom(...lengths),
        which: fc.nat(),
      }),
    );
    fc.assert(
      fc.property(steps, (list) => {
        const pool = new BufferPool();
        const used = new Map<ReturnType<typeof pool.take>, number>();
        for (const [mark, { take, length, which }] of list.entries()) {
          if (take || used.size === 0) {
            const array = pool.take('int32', length).fill(mark);
            expect(array).toHaveLength(length);
            used.set(array, mark);
          } else {
            const [array] = [...used][which % used.size]!;
            pool.give(array);
            used.delete(array);
          }
        }
        for (const [array, mark] of used) expect(array.every((element) => element === mark)).toBe(true);
      }),
    );
  });
});
