import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../src/engine/onnxruntime/buffer-pool.ts';

describe('the pool of arrays', () => {
  it('gives an array of the same type and length again', () => {
    const pool = new BufferPool();
    const [array, other] = [pool.take('float32', 8), pool.take('int32', 8)];
    pool.give(array);
    pool.give(other);
    expect(pool.take('float32', 8)).toBe(array);
    expect(pool.take('int32', 8)).toBe(other);
  });

  it('lets the oldest go where it would keep more than was ever in use', () => {
    const pool = new BufferPool();
    const [first, second] = [pool.take('float32', 8), pool.take('float32', 8)];
    pool.give(first);
    pool.give(second);
    pool.take('float32', 4); // there is room for one array beside it, not for two
    expect(pool.take('float32', 8)).toBe(second);
  });

  it('never gives one array twice', () => {
    const steps = fc.array(fc.record({ take: fc.boolean(), length: fc.integer({ min: 1, max: 4 }) }));
    fc.assert(
      fc.property(steps, (list) => {
        const pool = new BufferPool();
        const used = new Set<ReturnType<typeof pool.take>>();
        for (const { take, length } of list) {
          const [given] = used;
          if (take || given === undefined) {
            const array = pool.take('int32', length);
            expect(array).toHaveLength(length);
            expect(used.has(array)).toBe(false);
            used.add(array);
          } else {
            pool.give(given);
            used.delete(given);
          }
        }
      }),
    );
  });
});
