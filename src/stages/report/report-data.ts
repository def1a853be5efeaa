import { readFile } from 'node:fs/promises';
import type { Json } from '../../contract/json.ts';
import { type InputArtifact, StageError } from '../../contract/stage-context.ts';
import { scoreStatistics } from '../../statistics/score-statistics.ts';
import { withoutMark } from '../../text/byte-order-mark.ts';
import { type Response, readResponses } from '../../text/responses.ts';
import {
  type JudgeIdentity,
  type Judgement,
  readScoreSummary,
  readScores,
  type ScoreStatistics,
} from '../../text/scores.ts';
import type { Evaluation } from '../../training/state/history.ts';

/** Everything that a report shows, read and checked. */
export interface ReportData {
  readonly title: string;
  readonly parameters: Json;
  readonly items: readonly ReportItem[];
  readonly statistics: ScoreStatistics;
  readonly judge: JudgeIdentity | undefined;
  /** The same items before training. */
  readonly baseline: ScoreStatistics | undefined;
  readonly history: readonly Evaluation[] | undefined;
  /** A picture in SVG that some stage drew; not to be trusted as markup of the page. */
  readonly lossCurve: string | undefined;
}

export interface ReportItem {
  readonly response: Response;
  readonly judged: Judgement;
  readonly baselineResponse: Response | undefined;
  readonly baselineJudged: Judgement | undefined;
}

type Inputs = Readonly<Record<string, InputArtifact>>;

/** Reads the inputs of a report. Throws StageError where one is not what it should be or they do not fit. */
export async function readReportData(title: string, parameters: Json, inputs: Inputs): Promise<ReportData> {
  const responses = await readResponses(inputs.responses!.path);
  const scores = await readScores(inputs.scores!.path, 'scores');
  const summary = inputs.summary && (await readScoreSummary(inputs.summary.path, 'summary'));
  const baselineScores =
    inputs.baseline_scores && (await readScores(inputs.baseline_scores.path, 'baseline_scores'));
  const baselineSummary =
    inputs.baseline_summary && (await readScoreSummary(inputs.baseline_summary.path, 'baseline_summary'));
  const baselineResponses =
    inputs.baseline_responses && (await readResponses(inputs.baseline_responses.path));
  sameLength('scores', scores, responses);
  sameLength('baseline_scores', baselineScores, responses);
  sameLength('baseline_responses', baselineResponses, responses);
  inOrder('scores', scores);
  inOrder('baseline_scores', baselineScores ?? []);
  return {
    title,
    parameters,
    items: responses.map((response, index) => ({
      response,
      judged: scores[index]!,
      baselineResponse: baselineResponses?.[index],
      baselineJudged: baselineScores?.[index],
    })),
    // Of the scores that the page shows, whatever a summary says.
    statistics: scoreStatistics(scores),
    judge: summary?.judge,
    baseline: baselineScores === undefined ? baselineSummary : scoreStatistics(baselineScores),
    history: inputs.history && (await readHistory(inputs.history.path)),
    lossCurve: inputs.loss_curve && (await readFile(inputs.loss_curve.path, 'utf8')),
  };
}

async function readHistory(path: string): Promise<Evaluation[]> {
  const { parseHistory } = await import('../../training/state/history.ts');
  try {
    return parseHistory(withoutMark(await readFile(path, 'utf8')));
  } catch (error) {
    throw new StageError(
      `Input history is not the history of a training: ${error instanceof Error ? error.message : error}.`,
    );
  }
}

function sameLength(
  name: string,
  values: readonly unknown[] | undefined,
  responses: readonly unknown[],
): void {
  if (values === undefined || values.length === responses.length) return;
  throw new StageError(
    `Input ${name} has ${values.length} items, but there are ${responses.length} responses.`,
    {
      hint: 'Give scores and responses of the same items.',
    },
  );
}

/** Scores belong to responses by their place; an index that says otherwise is a mistake of whoever wrote the file. */
function inOrder(name: string, scores: readonly Judgement[]): void {
  const at = scores.findIndex(({ index }, place) => index !== place);
  if (at < 0) return;
  throw new StageError(
    `Item ${at} of the input ${name} has the index ${scores[at]!.index}, but its place is ${at}.`,
    {
      hint: 'Give one score for each response, in their order: the indices are 0, 1, 2 and so on.',
    },
  );
}
