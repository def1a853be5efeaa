import { readFile } from 'node:fs/promises';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Json } from '../../contract/json.ts';
import { type InputArtifact, StageError } from '../../contract/stage-context.ts';
import { withoutMark } from '../../text/byte-order-mark.ts';
import { type Response, readResponses } from '../../text/responses.ts';
import type { Evaluation } from '../../training/state/history.ts';
import { type Statistics, statistics } from '../judge/summary.ts';

/** What the report reads of an element of `scores`. */
const Scored = Type.Object({
  index: Type.Optional(Type.Number()),
  score: Type.Union([Type.Null(), Type.Number({ minimum: 0, maximum: 100 })]),
  reason: Type.Optional(Type.String()),
  reply: Type.Optional(Type.String()),
  rationale: Type.Optional(Type.String()),
});
export type Scored = Static<typeof Scored>;

/** What the report reads of a `summary`. */
const JudgeSummary = Type.Object({
  judge: Type.Object({
    label: Type.String(),
    language_model: Type.Boolean(),
    model: Type.Optional(Type.String()),
    metric: Type.Optional(Type.String()),
  }),
  items: Type.Integer(),
  scored: Type.Integer(),
  unscored: Type.Integer(),
  mean: Type.Union([Type.Null(), Type.Number()]),
  standard_deviation: Type.Union([Type.Null(), Type.Number()]),
  interval_95: Type.Union([Type.Null(), Type.Tuple([Type.Number(), Type.Number()])]),
});
export type JudgeIdentity = Static<typeof JudgeSummary>['judge'];

/** Everything that a report shows, read and checked. */
export interface ReportData {
  readonly title: string;
  readonly parameters: Json;
  readonly items: readonly ReportItem[];
  readonly statistics: Statistics;
  readonly judge: JudgeIdentity | undefined;
  /** The same items before training. */
  readonly baseline: Statistics | undefined;
  readonly history: readonly Evaluation[] | undefined;
  /** A picture in SVG that some stage drew; not to be trusted as markup of the page. */
  readonly lossCurve: string | undefined;
}

export interface ReportItem {
  readonly response: Response;
  readonly judged: Scored;
  readonly baselineResponse: Response | undefined;
  readonly baselineJudged: Scored | undefined;
}

type Inputs = Readonly<Record<string, InputArtifact>>;

/** Reads the inputs of a report. Throws StageError where one is not what it should be or they do not fit. */
export async function readReportData(title: string, parameters: Json, inputs: Inputs): Promise<ReportData> {
  const responses = await readResponses(inputs.responses!.path);
  const scores = (await readInput(inputs, 'scores', Type.Array(Scored))) ?? [];
  const summary = await readInput(inputs, 'summary', JudgeSummary);
  const baselineScores = await readInput(inputs, 'baseline_scores', Type.Array(Scored));
  const baselineSummary = await readInput(inputs, 'baseline_summary', JudgeSummary);
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
    statistics: statistics(scores),
    judge: summary?.judge,
    baseline: baselineScores === undefined ? baselineSummary : statistics(baselineScores),
    history: inputs.history && (await readHistory(inputs.history.path)),
    lossCurve: inputs.loss_curve && (await readFile(inputs.loss_curve.path, 'utf8')),
  };
}

async function readInput<Schema extends TSchema>(
  inputs: Inputs,
  name: string,
  schema: Schema,
): Promise<Static<Schema> | undefined> {
  const input = inputs[name];
  if (input === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(withoutMark(await readFile(input.path, 'utf8')));
  } catch (error) {
    throw new StageError(`Input ${name} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
  if (Value.Check(schema, value)) return value;
  const [fault] = [...Value.Errors(schema, value)];
  throw new StageError(
    `Input ${name} is not what a judge writes: at ${fault?.path || 'the top'}: ${fault?.message}.`,
  );
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
function inOrder(name: string, scores: readonly Scored[]): void {
  const at = scores.findIndex(({ index }, place) => index !== undefined && index !== place);
  if (at < 0) return;
  throw new StageError(
    `Item ${at} of the input ${name} has the index ${scores[at]!.index}, but its place is ${at}.`,
    {
      hint: 'Give one score for each response, in their order: the indices are 0, 1, 2 and so on.',
    },
  );
}
