import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { similarPairs } from '../../../src/text/similarity/similar-pairs.ts';
import { type TermVector, tfIdfVectors } from '../../../src/text/similarity/tf-idf.ts';

type Pair = readonly [first: number, second: number, similarity: number];
const golden: { readonly texts: readonly string[]; readonly cosines: readonly Pair[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../golden/near-duplicates.json'), 'utf8'),
);

const pairsOf = (vectors: readonly TermVector[], threshold: number): Pair[] =>
  [...similarPairs(vectors, threshold)]
    .flat()
    .map(({ first, second, similarity }) => [first, second, similarity] as const)
    .sort(([a, b], [c, d]) => a - c || b - d);

describe('TF-IDF vectors', () => {
  it('have the cosines of scikit-learn', () => {
    expect(pairsOf(tfIdfVectors(golden.texts), 1e-6)).toEqual(
      golden.cosines.map(([first, second, cosine]) => [first, second, expect.closeTo(cosine, 6)]),
    );
  });

  it('are empty for texts without words', () => {
    expect(tfIdfVectors(['', 'a ?'])).toEqual([
      { terms: [], weights: [] },
      { terms: [], weights: [] },
    ]);
  });
});

describe('similarPairs', () => {
  it('finds exactly what comparing all pairs finds', () => {
    const word = fc.constantFrom('red', 'green', 'blue', 'the', 'the', 'of', 'cat', 'dog', 'sun', 'moon');
    const text = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 25 }),
        fc.double({ min: 0.05, max: 0.999, noNaN: true }),
        (texts, threshold) => {
          const vectors = tfIdfVectors(texts);
          const all = vectors.flatMap((b, second) =>
            vectors.slice(0, second).map((a, first) => [first, second, cosine(a, b)] as const),
          );
          fc.pre(all.every(([, , similarity]) => Math.abs(similarity - threshold) > 1e-9));
          const expected = all
            .filter(([, , similarity]) => similarity >= threshold)
            .sort(([a, b], [c, d]) => a - c || b - d)
            .map(([first, second, similarity]) => [first, second, expect.closeTo(similarity, 9)]);
          expect(pairsOf(vectors, threshold)).toEqual(expected);
        },
      ),
    );
  });
});

function cosine(a: TermVector, b: TermVector): number {
  const weights = new Map(b.terms.map((term, i) => [term, b.weights[i]!]));
  return a.terms.reduce((sum, term, i) => sum + a.weights[i]! * (weights.get(term) ?? 0), 0);
}
