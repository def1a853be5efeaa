import type { Candidate, Measurement } from '../../../comparison/candidate.ts';
import { compare } from '../../../comparison/compare.ts';
import type { Comparison } from '../../../comparison/comparison.ts';
import { itemMeans } from '../../../text/samples.ts';
import { evaluationOfResult } from '../../../training/state/history.ts';
import { score } from '../../judge/score-metric.ts';
import { validationLoss } from '../../training/history-metrics.ts';
import type { ReportData, ReportHistory, ReportModel } from '../data/report-data.ts';

/** The models of a report beside each other, the best first; undefined where there is one, or one that has scores. */
export function compareModels({ models, items, histories }: ReportData): Comparison | undefined {
  if (models.length < 2) return undefined;
  const candidates = models.map((model, place): Candidate => {
    const history = histories.find(({ name }) => name === model.name);
    return {
      name: model.name,
      parameters: model.parameters,
      measurements: [...(history ? [lossOf(history)] : []), scoreOf(model, place, items)],
      // The page says nothing of when and where.
      milliseconds: 0,
      engines: [],
    };
  });
  const withItems = candidates.filter(({ measurements }) => measurements.at(-1)!.measured.items!.size > 0);
  if (withItems.length < 2) return undefined;
  const isPair = models.length === 2 && models[1]!.isBaseline;
  return compare(candidates, { metric: 'judge.score', baseline: isPair ? models[1]!.name : undefined });
}

function scoreOf({ statistics }: ReportModel, place: number, items: ReportData['items']): Measurement {
  const answered = items.filter(({ answers }) => answers[place] !== undefined);
  const scores = itemMeans(
    answered.map(({ of }) => of),
    answered.map(({ answers }) => answers[place]!.score),
  );
  return {
    stage: 'judge',
    metric: score,
    measured: { value: statistics.mean, items: scores },
  };
}

function lossOf({ evaluations }: ReportHistory): Measurement {
  const value = evaluationOfResult(evaluations)?.validationLoss ?? null;
  return { stage: 'train', metric: validationLoss, measured: { value } };
}
