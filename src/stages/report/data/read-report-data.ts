import { readFile } from 'node:fs/promises';
import type { Json } from '../../../contract/json.ts';
import { type InputArtifact, type StageContext, StageError } from '../../../contract/stage-context.ts';
import { scoreStatistics } from '../../../statistics/mean/score-statistics.ts';
import { withoutMark } from '../../../text/byte-order-mark.ts';
import { itemMeans, itemNames } from '../../../text/samples.ts';
import type { Judgement } from '../../../text/scores.ts';
import type { Evaluation } from '../../../training/state/history.ts';
import { itemsOf } from '../items/items.ts';
import { type Answers, readModels } from './read-models.ts';
import type { ReportData, ReportHistory, ReportModel, ReportSource } from './report-data.ts';

type Inputs = Pick<StageContext<unknown>, 'inputs' | 'collections'>;

/** Reads the inputs of a report. Throws StageError where one is not what it should be or they do not fit. */
export async function readReportData(title: string, parameters: Json, given: Inputs): Promise<ReportData> {
  const answers = await readModels(given);
  const { loss_curve } = given.inputs;
  return {
    title,
    parameters,
    models: answers.map(modelOf),
    items: itemsOf(answers),
    histories: await readHistories(given),
    lossCurve: loss_curve && (await readFile(loss_curve.path, 'utf8')),
    sources: sourcesOf(given),
  };
}

function modelOf({ name, parameters, isBaseline, scores, summary }: Answers): ReportModel {
  return {
    name,
    parameters,
    isBaseline,
    statistics:
      scores === undefined && summary !== undefined ? summary : scoreStatistics(scoresOfItems(scores ?? [])),
    summary,
  };
}

/** The score of each item: of several samples their mean. */
function scoresOfItems(scores: readonly Judgement[]): readonly { readonly score: number | null }[] {
  const names = itemNames(
    scores.map(({ question, index, sample }) => ({ question: question ?? `item ${index}`, sample })),
  );
  const means = itemMeans(
    names,
    scores.map(({ score }) => score),
  );
  return Array.from(means.values(), (score) => ({ score }));
}

async function readHistories({ inputs, collections }: Inputs): Promise<ReportHistory[]> {
  const all: [name: string, artifact: InputArtifact][] = [...(collections.history ?? [])];
  if (inputs.history) all.push(['', inputs.history]);
  const { parseHistory } = await import('../../../training/state/history.ts');
  return await Promise.all(
    all.map(async ([name, { path }]) => ({ name, evaluations: await readHistory(path, parseHistory) })),
  );
}

async function readHistory(path: string, parse: (csv: string) => Evaluation[]): Promise<Evaluation[]> {
  try {
    return parse(withoutMark(await readFile(path, 'utf8')));
  } catch (error) {
    throw new StageError(
      `Input history is not the history of a training: ${error instanceof Error ? error.message : error}.`,
    );
  }
}

function sourcesOf({ inputs, collections }: Inputs): ReportSource[] {
  return [
    ...Object.entries(inputs).map(([name, { digest }]) => ({ name, digest })),
    ...Object.entries(collections).flatMap(([name, members]) =>
      [...members].map(([label, { digest }]) => ({ name: `${name} of ${label}`, digest })),
    ),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}
