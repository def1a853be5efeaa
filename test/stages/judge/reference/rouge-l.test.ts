import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rougeL, words } from '../../../../src/stages/judge/reference/rouge-l.ts';

describe('words', () => {
  it('are runs of letters and digits in lower case', () => {
    expect(words("It's 4 o'clock, Zoë!")).toEqual(['it', 's', '4', 'o', 'clock', 'zoë']);
  });
});

describe('ROUGE-L', () => {
  // The example of Lin (2004), section 3.1: S1 reference, S2 and S3 candidates; recall 3/4 and 2/4, equal lengths.
  it('prefers the words in the right order', () => {
    expect(rougeL('police kill the gunman', 'police killed the gunman')).toBe(3 / 4);
    expect(rougeL('the gunman kill police', 'police killed the gunman')).toBe(2 / 4);
  });

  it('weighs precision and recall the same', () => {
    // 1 of 2 words is right, 1 of 4 is found: 2 · ½ · ¼ / (½ + ¼).
    expect(rougeL('red x', 'a b red c')).toBeCloseTo(1 / 3, 12);
  });

  it('of texts without words is 1 only where they are equal', () => {
    expect(rougeL('!', '!')).toBe(1);
    expect(rougeL('?', '!')).toBe(0);
    expect(rougeL('', 'word')).toBe(0);
  });

  it('is 1 for a text against itself, symmetric, and from 0 to 1', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 12 })
      .map((t) => t.join(' '));
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(rougeL(a, a)).toBe(1);
        expect(rougeL(a, b)).toBe(rougeL(b, a));
        expect(rougeL(a, b)).toBeGreaterThanOrEqual(0);
        expect(rougeL(a, b)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('agrees with trying every subsequence', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 7 });
    const subsequences = (from: readonly string[]) =>
      Array.from({ length: 2 ** from.length }, (_, bits) => from.filter((_, index) => bits & (1 << index)));
    fc.assert(
      fc.property(list, list, (a, b) => {
        const ofB = new Set(subsequences(b).map((words) => words.join(' ')));
        const longest = Math.max(
          ...subsequences(a).map((words) => (ofB.has(words.join(' ')) ? words.length : 0)),
        );
        expect(rougeL(a.join(' '), b.join(' '))).toBeCloseTo((2 * longest) / (a.length + b.length), 12);
      }),
    );
  });
});
