import { describe, expect, it } from 'vitest';
import { Mt19937 } from '../../../src/statistics/random/mt19937.ts';

describe('Mt19937', () => {
  it('gives the ten-thousandth draw that the C++ standard states for seed 5489', () => {
    const generator = Mt19937.seeded(5489);
    expect(generator.next32()).toBe(3499211612);
    for (let draw = 2; draw < 10_000; draw++) generator.next32();
    expect(generator.next32()).toBe(4123659995);
  });

  it('draws 64-bit values as PyTorch does', () => {
    // torch.manual_seed(123); [torch.empty((), dtype=torch.int64).random_().item() for _ in range(3)]
    const generator = Mt19937.seeded(123);
    const draws = [generator.nextInt63(), generator.nextInt63(), generator.nextInt63()];
    expect(draws).toEqual([3624216819017203053n, 5278339153051796802n, 4184670734919783522n]);
  });

  it('takes the low 32 bits of a seed', () => {
    expect(Mt19937.seeded(2 ** 32 + 7).next32()).toBe(Mt19937.seeded(7).next32());
    expect(Mt19937.seeded(-1n).next32()).toBe(Mt19937.seeded(2 ** 32 - 1).next32());
  });

  it('goes on from a saved state, also in the middle of its words', () => {
    const generator = Mt19937.seeded(123);
    for (let draw = 0; draw < 1000; draw++) generator.next32();
    const saved = JSON.parse(JSON.stringify(generator.state()));
    const rest = Array.from({ length: 700 }, () => generator.next32());
    const restored = Mt19937.restored(saved);
    expect(Array.from({ length: 700 }, () => restored.next32())).toEqual(rest);
  });
});
