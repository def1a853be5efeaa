import type { Metric } from '../../contract/metric.ts';

/** The mean over items, and the score of each item by the digest of its question: of several samples their mean. */
export const score: Metric = {
  name: 'score',
  description: 'Mean score of the responses that have one.',
  unit: 'points',
  better: 'higher',
  scale: { low: 0, high: 100 },
  output: 'scores',
  async read(path) {
    const { readScores } = await import('../../text/scores.ts');
    const { itemMeans, itemNames } = await import('../../text/samples.ts');
    const judgements = await readScores(path, 'scores');
    // Scores that somebody else wrote may only know places.
    const names = itemNames(
      judgements.map(({ question, index, sample }) => ({ question: question ?? `item ${index}`, sample })),
    );
    const items = itemMeans(
      names,
      judgements.map(({ score }) => score),
    );
    const scored = [...items.values()].filter((value) => value !== null);
    const value = scored.length === 0 ? null : scored.reduce((sum, one) => sum + one, 0) / scored.length;
    return { value, items };
  },
};
