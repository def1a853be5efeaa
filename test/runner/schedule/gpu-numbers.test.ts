import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GpuNumbers, visibleGpus } from '../../../src/runner/schedule/gpu-numbers.ts';

describe('the GPUs that stages can be given', () => {
  it('are all, or those that the user has left visible, as CUDA reads that', () => {
    const visible = (CUDA_VISIBLE_DEVICES: string) => visibleGpus({ CUDA_VISIBLE_DEVICES }, 4);
    expect(visibleGpus({}, 2)).toEqual(['0', '1']);
    expect(visible('2, 0')).toEqual(['2', '0']);
    expect(visible('GPU-8932f937-d72c,MIG-3')).toEqual(['GPU-8932f937-d72c', 'MIG-3']);
    expect(visible('1,-1,2')).toEqual(['1']);
    expect(visible('1,x,2')).toEqual(['1']);
    expect(visible('1,1')).toEqual(['1']);
    for (const none of ['', '-1', 'none', 'NoDevFiles', 'all,0']) expect(visible(none)).toEqual([]);
  });

  it('are never given to two stages at once, and all come back', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 30 }), (orders) => {
        const names = ['a', 'b', 'c', 'd'];
        const gpus = new GpuNumbers(names);
        const held: (readonly string[])[] = [];
        for (const order of orders) {
          if (held.flat().length + order <= names.length) {
            const taken = gpus.take(order);
            expect(taken).toHaveLength(order);
            held.push(taken);
          } else gpus.giveBack(held.shift()!);
          expect(new Set(held.flat()).size).toBe(held.flat().length);
        }
        for (const taken of held) gpus.giveBack(taken);
        expect([...gpus.take(names.length)].sort()).toEqual(names);
      }),
    );
  });
});
