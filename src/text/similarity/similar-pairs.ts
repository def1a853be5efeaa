import type { TermVector } from './tf-idf.ts';

/** Two vectors by their indices, first < second, and the cosine between them. */
export interface SimilarPair {
  readonly first: number;
  readonly second: number;
  readonly similarity: number;
}

/** A vector's weight of some term. */
interface Posting {
  readonly vector: number;
  readonly weight: number;
}

/** What a vector keeps out of the index: its first `count` terms, whose inner product with any other vector is below `bound`. */
interface Rest {
  readonly count: number;
  readonly bound: number;
}

/**
 * All pairs of unit vectors whose cosine is at least `threshold` (above 0), vector by vector: the n-th list holds the
 * pairs whose second is n. Exact, and fast without comparing all pairs: a vector's commonest terms, which together cannot
 * reach the threshold with any other vector, are left out of the index, and only what the index finds is compared in
 * full (All-Pairs of Bayardo, Ma and Srikant 2007, https://doi.org/10.1145/1242572.1242591).
 */
export function* similarPairs(vectors: readonly TermVector[], threshold: number): Generator<SimilarPair[]> {
  const largest = largestWeights(vectors);
  const index = new Map<number, Posting[]>();
  const rests: Rest[] = [];
  const sums = new Float64Array(vectors.length);
  for (const [second, vector] of vectors.entries()) {
    const pairs: SimilarPair[] = [];
    for (const first of addIndexed(vector, index, sums)) {
      const { count, bound } = rests[first]!;
      if (sums[first]! + bound >= threshold) {
        const similarity = sums[first]! + innerProduct(vector, vectors[first]!, count);
        if (similarity >= threshold) pairs.push({ first, second, similarity });
      }
      sums[first] = 0;
    }
    yield pairs.sort((a, b) => a.first - b.first);
    rests.push(addToIndex(index, second, vector, largest, threshold));
  }
}

/**
 * Adds the indexed part of the inner product with each earlier vector to `sums`, which is all zeros before. Returns the
 * vectors that it is not zero for.
 */
function addIndexed(
  { terms, weights }: TermVector,
  index: ReadonlyMap<number, readonly Posting[]>,
  sums: Float64Array,
): number[] {
  const found: number[] = [];
  for (const [i, term] of terms.entries()) {
    for (const { vector, weight } of index.get(term) ?? []) {
      if (sums[vector] === 0) found.push(vector);
      sums[vector]! += weights[i]! * weight;
    }
  }
  return found;
}

function addToIndex(
  index: Map<number, Posting[]>,
  vector: number,
  { terms, weights }: TermVector,
  largest: ReadonlyMap<number, number>,
  threshold: number,
): Rest {
  let bound = 0;
  let count = 0;
  for (; count < terms.length; count++) {
    const more = weights[count]! * largest.get(terms[count]!)!;
    if (bound + more >= threshold) break;
    bound += more;
  }
  for (let i = count; i < terms.length; i++) {
    postingsOf(index, terms[i]!).push({ vector, weight: weights[i]! });
  }
  return { count, bound };
}

/** Inner product of a vector with the first `count` terms of another. */
function innerProduct(a: TermVector, b: TermVector, count: number): number {
  let sum = 0;
  for (let i = 0, j = 0; i < a.terms.length && j < count; ) {
    const difference = a.terms[i]! - b.terms[j]!;
    if (difference === 0) sum += a.weights[i]! * b.weights[j]!;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return sum;
}

function largestWeights(vectors: readonly TermVector[]): Map<number, number> {
  const largest = new Map<number, number>();
  for (const { terms, weights } of vectors) {
    for (const [i, term] of terms.entries()) largest.set(term, Math.max(largest.get(term) ?? 0, weights[i]!));
  }
  return largest;
}

function postingsOf(index: Map<number, Posting[]>, term: number): Posting[] {
  const postings = index.get(term) ?? [];
  index.set(term, postings);
  return postings;
}
