import type { Metric } from '../../contract/metric.ts';

/** The mean of the scores, and the score of each item by the digest of its question. */
export const score: Metric = {
  name: 'score',
  description: 'Mean score of the responses that have one.',
  unit: 'points',
  better: 'higher',
  scale: { low: 0, high: 100 },
  output: 'scores',
  async read(path) {
    const { readScores } = await import('../../text/scores.ts');
    const judgements = await readScores(path, 'scores');
    const items = new Map<string, number | null>();
    for (const { question, index, score } of judgements) {
      // The same question twice is two items; scores that somebody else wrote may only know places.
      let item = question ?? `item ${index}`;
      while (items.has(item)) item += ' again';
      items.set(item, score);
    }
    const scored = [...items.values()].filter((value) => value !== null);
    const value = scored.length === 0 ? null : scored.reduce((sum, one) => sum + one, 0) / scored.length;
    return { value, items };
  },
};
