/** Longest character n-grams that are compared, and how much more recall weighs than precision (chrF2). */
const ORDER = 6;
const BETA = 2;

/** What Python's str.split() takes for white space; the score is the one of sacrebleu, which leaves it out. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the four separators of ASCII count for Python
const WHITE_SPACE = /[\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/gu;

/**
 * chrF2 of a text against one reference, from 0 to 1: the F-score, averaged over character n-grams of 1 to 6, of precision
 * and recall (which weighs four times as much). Letters count as they are, white space does not. Popović, "chrF:
 * character n-gram F-score for automatic MT evaluation" (2015), as sacrebleu's sentence_chrf computes it. Where either
 * side has no characters it is 1 if both texts are equal, else 0.
 */
export function chrF(text: string, reference: string): number {
  const [a, b] = [characters(text), characters(reference)];
  if (a.length === 0 || b.length === 0) return a.length === b.length ? 1 : 0;
  let [precision, recall, orders] = [0, 0, 0];
  for (let order = 1; order <= Math.min(ORDER, a.length, b.length); order++) {
    const common = overlap(nGrams(a, order), nGrams(b, order));
    precision += common / (a.length - order + 1);
    recall += common / (b.length - order + 1);
    orders++;
  }
  if (precision + recall === 0) return 0;
  const weight = BETA ** 2;
  return ((1 + weight) * precision * recall) / (weight * precision + recall) / orders;
}

/** Code points, as Python counts characters. */
function characters(text: string): string[] {
  return [...text.replace(WHITE_SPACE, '')];
}

function nGrams(characters: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + order <= characters.length; i++) {
    const gram = characters.slice(i, i + order).join('');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function overlap(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  let common = 0;
  for (const [gram, count] of one) common += Math.min(count, other.get(gram) ?? 0);
  return common;
}
