import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MostSimilar } from '../../../src/stages/split/most-similar.ts';

const pair = fc.record({
  similarity: fc.integer({ min: 1, max: 5 }),
  first: fc.record({ id: fc.nat(9) }),
  second: fc.record({ id: fc.nat(9) }),
});
type Pair = typeof pair extends fc.Arbitrary<infer Of> ? Of : never;

const keptOf = (pairs: readonly Pair[], most: number) => {
  const kept = new MostSimilar<Pair>(most);
  for (const one of pairs) kept.add(one);
  expect(kept.count).toBe(pairs.length);
  return kept.sorted();
};
const similarities = (pairs: readonly Pair[]) => pairs.map(({ similarity }) => similarity);

it('the most similar of any pairs are kept, in order, and all where there is room', () => {
  fc.assert(
    fc.property(fc.array(pair), fc.integer({ min: 1, max: 20 }), (pairs, most) => {
      const inOrder = [...pairs].sort(
        (a, b) => b.similarity - a.similarity || a.first.id - b.first.id || a.second.id - b.second.id,
      );
      const kept = keptOf(pairs, most);
      expect(similarities(kept)).toEqual(similarities(inOrder.slice(0, most)));
      for (const one of kept) expect(pairs).toContain(one);
      if (pairs.length <= most) expect(kept).toEqual(inOrder);
    }),
  );
});
