/** The weights of a text's terms; term numbers ascend. Its length (Euclidean norm) is 1, or 0 where it has no terms. */
export interface TermVector {
  readonly terms: readonly number[];
  readonly weights: readonly number[];
}

/** Words of two letters, digits or underscores at least; shorter ones say little. */
const WORD = /[\p{L}\p{N}_]{2,}/gu;

/**
 * Texts as vectors of term frequency times inverse document frequency, in the form of scikit-learn's TfidfVectorizer
 * with its defaults: lower-case words, counts times ln((1 + n) / (1 + df)) + 1, each vector scaled to length 1. So the
 * inner product of two is the cosine between them. Terms are numbered from the commonest to the rarest.
 */
export function tfIdfVectors(texts: readonly string[]): TermVector[] {
  const counted = texts.map((text) => countsOf(text.toLowerCase().match(WORD) ?? []));
  const frequencies = countsOf(counted.flatMap((counts) => [...counts.keys()]));
  const commonestFirst = [...frequencies].sort(([, a], [, b]) => b - a);
  const numbers = new Map(commonestFirst.map(([term], number) => [term, number]));
  const idf = commonestFirst.map(([, frequency]) => Math.log((1 + texts.length) / (1 + frequency)) + 1);
  return counted.map((counts) => {
    const entries = Array.from(counts, ([term, count]) => {
      const number = numbers.get(term)!;
      return { number, weight: count * idf[number]! };
    }).sort((a, b) => a.number - b.number);
    const length = Math.sqrt(entries.reduce((sum, { weight }) => sum + weight * weight, 0));
    return {
      terms: entries.map(({ number }) => number),
      weights: entries.map(({ weight }) => weight / length),
    };
  });
}

function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
