import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangesOf, ticks } from '../../../src/stages/report/curves/chart-scale.ts';
import type { Answer, PageItem } from '../../../src/stages/report/data/page-data.ts';
import { wordDifferences } from '../../../src/stages/report/items/word-differences.ts';
import { type Choice, chooseItems, searchText } from '../../../src/stages/report/page-script/choose-items.ts';

describe('wordDifferences', () => {
  const marked = (text: string, other: string) =>
    wordDifferences(text, other)
      .map((piece) => (piece.same ? piece.text : `[${piece.text}]`))
      .join('');

  it('marks the words that the other text has not', () => {
    expect(marked('The cat sat on the mat.', 'The dog sat on a mat.')).toBe('The [cat] sat on [the] mat.');
    expect(marked('one two three', 'one four five three')).toBe('one [two] three');
    expect(marked('same', 'same')).toBe('same');
    expect(marked('', 'anything')).toBe('');
  });

  it('loses no character, whatever the texts', () => {
    const text = fc
      .array(fc.constantFrom('a', 'bc', ' ', '\n', '.', 'é', '漢', '\ud83d\ude00'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(
          wordDifferences(one, other)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(one);
        const common = wordDifferences(one, other).filter(({ same }) => same);
        // In this order, the other text has them all.
        let at = 0;
        for (const word of common.flatMap((piece) => piece.text.match(/[^\s]/gu) ?? [])) {
          at = other.indexOf(word, at) + word.length;
          expect(at).toBeGreaterThanOrEqual(word.length);
        }
      }),
    );
  });

  it('leaves texts that are too long to compare unmarked', () => {
    const [one, other] = ['a ', 'b '].map((word) => word.repeat(1000));
    expect(wordDifferences(one!, other!)).toEqual([{ text: one, same: true }]);
  });
});

describe('ticks', () => {
  it('are round numbers within the range', () => {
    expect(ticks([0, 2], 6)).toEqual([0, 0.5, 1, 1.5, 2]);
    expect(ticks([0.43, 1.02], 5)).toEqual([0.6, 0.8, 1]);
    expect(ticks([0, 512_000], 6)).toEqual([0, 100_000, 200_000, 300_000, 400_000, 500_000]);
  });
});

describe('rangesOf', () => {
  const curve = (...losses: number[]) => [
    {
      name: '',
      points: losses.map((loss, at) => ({
        step: at,
        epoch: at,
        tokens: at * 10,
        train: loss,
        validation: loss,
      })),
    },
  ];

  it('shows all losses where early ones are not far above the others', () => {
    const { y, above } = rangesOf(curve(3, 2.5, 1), { along: 'step', losses: ['train'] });
    expect([above, y[0] < 1, y[1] > 3]).toEqual([undefined, true, true]);
  });

  it('shows what is in the chosen part, the beginning too', () => {
    const { x, y, above } = rangesOf(curve(30, 2, 1), { along: 'tokens', losses: ['train'], range: [0, 10] });
    expect([x, above, y[1] > 30]).toEqual([[0, 10], undefined, true]);
  });

  it('has some height for a flat curve and for a single evaluation', () => {
    for (const losses of [[2, 2, 2], [2], [0]]) {
      const { y, x } = rangesOf(curve(...losses), { along: 'step', losses: ['train'] });
      expect(y[1]).toBeGreaterThan(y[0]);
      expect(x[1]).toBeGreaterThan(x[0]);
    }
  });
});

describe('chooseItems', () => {
  const item = (score: number | null, response: string, other: number | null = 0): PageItem => ({
    instruction: 'Say it.',
    input: '',
    output: 'It',
    answers: [{ response, score }, { response: 'Other', score: other } satisfies Answer],
  });
  const items = [item(50, 'Middle'), item(null, 'None at all'), item(10, 'Low', 90), item(100, 'High', 95)];
  const choose = (choice: Partial<Choice>) =>
    chooseItems(items, items.map(searchText), {
      ...{ search: '', order: 'data', from: 0, to: 100, which: 'all', shown: [0, 1] },
      ...choice,
    });

  it('are all, in the order of the data, unless something is chosen', () => {
    expect(choose({})).toEqual([0, 1, 2, 3]);
  });

  it('come worst or best first, those without a score last', () => {
    expect(choose({ order: 'worst' })).toEqual([2, 0, 3, 1]);
    expect(choose({ order: 'best' })).toEqual([3, 0, 2, 1]);
  });

  it('come by the length of the response or by how far the scores are apart', () => {
    expect(choose({ order: 'long' })).toEqual([1, 0, 3, 2]);
    expect(choose({ order: 'short' })).toEqual([2, 3, 0, 1]);
    expect(choose({ order: 'apart' })).toEqual([2, 0, 3, 1]);
  });

  it('are those with a score in the range, or without a score', () => {
    expect(choose({ from: 50, to: 100 })).toEqual([0, 3]);
    expect(choose({ which: 'scored' })).toEqual([0, 2, 3]);
    expect(choose({ which: 'unscored' })).toEqual([1]);
  });

  it('are judged by the first model that is shown', () => {
    expect(choose({ shown: [1], order: 'best' })).toEqual([3, 2, 0, 1]);
  });

  it('hold the text that is searched for, in any case and in any field', () => {
    expect(choose({ search: 'LOW' })).toEqual([2]);
    expect(choose({ search: 'say it' })).toEqual([0, 1, 2, 3]);
  });
});
