import { describe, expect, it } from 'vitest';
import { itemMeans, itemNames } from '../../src/text/samples.ts';

describe('items of samples', () => {
  it('are one for each question, and another where the numbers begin anew', () => {
    const entries = [
      ...[0, 1].map((sample) => ({ question: 'a', sample })),
      ...[0, 1].map((sample) => ({ question: 'b', sample })),
      ...[0, 1].map((sample) => ({ question: 'a', sample })),
    ];
    expect(itemNames(entries)).toEqual(['a', 'a', 'b', 'b', 'a again', 'a again']);
    expect(itemNames([{ question: 'a' }, { question: 'a' }])).toEqual(['a', 'a again']);
  });

  it('have the mean of what was scored', () => {
    const means = itemMeans(['a', 'a', 'b', 'b', 'c'], [10, 20, null, 50, null]);
    expect([...means]).toEqual([
      ['a', 15],
      ['b', 50],
      ['c', null],
    ]);
  });
});
