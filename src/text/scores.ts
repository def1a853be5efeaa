import { readFile, writeFile } from 'node:fs/promises';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { StageError } from '../contract/stage-context.ts';
import { withoutMark } from './byte-order-mark.ts';

/** An element of a `scores` file. A judge may add measures of its own; whoever writes a file by hand may omit the index. */
const Score = Type.Object({
  index: Type.Optional(Type.Number()),
  score: Type.Union([Type.Null(), Type.Number({ minimum: 0, maximum: 100 })]),
  reason: Type.Optional(Type.String()),
  reply: Type.Optional(Type.String()),
  rationale: Type.Optional(Type.String()),
});

/**
 * What a judge made of one response, from its reply to the page: a `score` from 0 to 100, or null with the `reason`; the
 * `reply` as it came, and the judge's verdict in free text (`rationale`), where there are such.
 */
export interface Judgement extends Static<typeof Score> {
  /** Place of the response in its file. */
  readonly index: number;
}

const JudgeIdentity = Type.Object({
  kind: Type.Optional(Type.String()),
  label: Type.String(),
  /** False where no language model judged. */
  language_model: Type.Boolean(),
  model: Type.Optional(Type.String()),
  metric: Type.Optional(Type.String()),
});
/** Who judged, as a summary says it. */
export type JudgeIdentity = Static<typeof JudgeIdentity>;

const ScoreStatistics = Type.Object({
  items: Type.Integer(),
  scored: Type.Integer(),
  unscored: Type.Integer(),
  mean: Type.Union([Type.Null(), Type.Number()]),
  standard_deviation: Type.Union([Type.Null(), Type.Number()]),
  interval_95: Type.Union([Type.Null(), Type.Tuple([Type.Number(), Type.Number()])]),
});
/** Counts, mean, deviation and interval of scores; null where there are too few scores to tell. */
export type ScoreStatistics = Static<typeof ScoreStatistics>;

const ScoreSummary = Type.Object({ judge: JudgeIdentity, ...ScoreStatistics.properties });
/** The `summary` of scores, with who made them. Holds nothing that depends on time or host. */
export type ScoreSummary = Static<typeof ScoreSummary>;

/** Reads a `scores` file. `input` names it in errors. Throws StageError with the place where it is wrong. */
export async function readScores(path: string, input: string): Promise<Judgement[]> {
  const scores = await readChecked(path, input, Type.Array(Score));
  return scores.map((score, index) => ({ index, ...score }));
}

/** Writes a `scores` file: an element for each response, in their order. */
export async function writeScores(path: string, judgements: readonly Judgement[]): Promise<void> {
  await writeFile(path, jsonText(judgements));
}

/** Reads a `summary` file. `input` names it in errors. Throws StageError with the place where it is wrong. */
export async function readScoreSummary(path: string, input: string): Promise<ScoreSummary> {
  return await readChecked(path, input, ScoreSummary);
}

export async function writeScoreSummary(path: string, summary: ScoreSummary): Promise<void> {
  await writeFile(path, jsonText(summary));
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function readChecked<Schema extends TSchema>(
  path: string,
  input: string,
  schema: Schema,
): Promise<Static<Schema>> {
  let value: unknown;
  try {
    value = JSON.parse(withoutMark(await readFile(path, 'utf8')));
  } catch (error) {
    throw new StageError(`Input ${input} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
  if (Value.Check(schema, value)) return value;
  const [fault] = [...Value.Errors(schema, value)];
  throw new StageError(
    `Input ${input} is not what a judge writes: at ${fault?.path || 'the top'}: ${fault?.message}.`,
  );
}
