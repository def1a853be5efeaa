import { readFile } from 'node:fs/promises';
import type { Measured, Metric } from '../../contract/metric.ts';

/** A column of `history.csv` at the evaluation of the weights that the stage gives: the kept one, else the last. */
function historyMetric(
  column: 'validation_loss' | 'validation_accuracy',
  about: Pick<Metric, 'description' | 'unit' | 'better'>,
): Metric {
  return {
    ...about,
    name: column,
    output: 'history',
    async read(path): Promise<Measured> {
      const { evaluationOfResult, parseHistory } = await import('../../training/state/history.ts');
      const result = evaluationOfResult(parseHistory(await readFile(path, 'utf8')));
      const value = column === 'validation_loss' ? result?.validationLoss : result?.measures?.[column];
      return { value: value ?? null };
    },
  };
}

export const validationLoss = historyMetric('validation_loss', {
  description: 'Loss on the validation data of the model that the stage gives.',
  unit: 'nats a token',
  better: 'lower',
});

export const validationAccuracy = historyMetric('validation_accuracy', {
  description: 'Share of the validation pairs in which the chosen response has the higher reward.',
  unit: 'of 1',
  better: 'higher',
});
