import { readFile, writeFile } from 'node:fs/promises';
import { type Static, type TSchema, Type } from 'typebox';
import { Errors } from 'typebox/schema';
import { messageOf } from '../contract/message-of.ts';
import { StageError } from '../contract/stage-context.ts';
import { withoutMark } from './byte-order-mark.ts';

const verdict = {
  /** Null where the judge's reply cannot be understood. */
  score: Type.Union([Type.Number({ minimum: 0, maximum: 100 }), Type.Null()]),
  /** Why there is no score. */
  reason: Type.Optional(Type.String()),
  /** The judge's words as they came; a comparison has none. */
  reply: Type.Optional(Type.String()),
  /** The judge's verdict in free text. */
  rationale: Type.Optional(Type.String()),
};
/** A verdict, with what it is the mean of. */
const verdictOfCriteria = {
  ...verdict,
  /** Of a judge with criteria: what it said of each. */
  criteria: Type.Optional(Type.Array(Type.Object({ name: Type.String(), ...verdict }))),
};
const verdictOfOne = {
  ...verdictOfCriteria,
  /** Of a pairwise judge: what it said when this response stood first, and when it stood second. */
  orders: Type.Optional(Type.Tuple([Type.Object(verdictOfCriteria), Type.Object(verdictOfCriteria)])),
};

/** An element of a `scores` file. A judge may add measures of its own, such as `rouge_l`. */
const Score = Type.Object({
  /** A file written by hand may omit it. */
  index: Type.Optional(Type.Number()),
  /** Digest of instruction and input: items of two judgements are the same where this is. */
  question: Type.Optional(Type.String()),
  /** Number of the response among several to the same question; the mean of these is the score of the item. */
  sample: Type.Optional(Type.Integer()),
  ...verdictOfOne,
  /** Of a jury: what each of its judges said, by label. */
  judges: Type.Optional(Type.Array(Type.Object({ judge: Type.String(), ...verdictOfOne }))),
});

/** What a judge made of one response: the same shape from the judge's reply to the page. */
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

const Measured = Type.Union([Type.Number(), Type.Null()]);
const Interval = Type.Union([Type.Tuple([Type.Number(), Type.Number()]), Type.Null()]);

const ScoreStatistics = Type.Object({
  items: Type.Integer(),
  scored: Type.Integer(),
  unscored: Type.Integer(),
  mean: Measured,
  standard_deviation: Measured,
  interval_95: Interval,
});
/** Counts, mean, deviation and interval of scores; null where there are too few scores to tell. */
export type ScoreStatistics = Static<typeof ScoreStatistics>;

const Agreement = Type.Object({
  /** Items that at least two scored. */
  items: Type.Integer(),
  /** Means over pairs of judges. */
  pearson: Measured,
  spearman: Measured,
  kendall: Measured,
  /** Krippendorff's, of all together. */
  alpha_interval: Measured,
  alpha_ordinal: Measured,
  /** Share of equal scores. */
  exact: Measured,
});
/** How far judges agree; null where that cannot be told. */
export type AgreementOfJudges = Static<typeof Agreement>;

const JudgeSummary = Type.Object({
  judge: JudgeIdentity,
  ...ScoreStatistics.properties,
  /** Of a judge with criteria: the scores by each. */
  criteria: Type.Optional(Type.Array(Type.Object({ name: Type.String(), ...ScoreStatistics.properties }))),
  /** Of a pairwise judge: items that this response won, tied and lost, and the share whose winner hangs on the order. */
  pairwise: Type.Optional(
    Type.Object({
      won: Type.Integer(),
      tied: Type.Integer(),
      lost: Type.Integer(),
      order_bias: Measured,
      order_bias_interval_95: Interval,
    }),
  ),
  /** Rank correlation of the scores with the lengths of the responses, in characters. */
  length_bias: Type.Optional(Type.Object({ correlation: Measured, interval_95: Interval })),
  /** Standard deviation of repeated scores of one response, in points. */
  repeat_spread: Type.Optional(Measured),
  /** Items that have a label of people and a score. With few of them the next two are left out. */
  labelled: Type.Optional(Type.Integer()),
  /** The mean that people would give over all items: prediction-powered, with the judge weighted by lambda. */
  corrected: Type.Optional(
    Type.Object({
      mean: Type.Number(),
      interval_95: Interval,
      lambda: Type.Number(),
      unlabelled: Type.Integer(),
    }),
  ),
  /** Judge against people: mean of judge minus people, and mean distance, in points. */
  calibration: Type.Optional(
    Type.Object({
      bias: Type.Number(),
      interval_95: Interval,
      p: Type.Number(),
      distance: Type.Number(),
      agreement: Agreement,
    }),
  ),
});
/** The summary of one judge, or of a jury as a whole. */
export type JudgeSummary = Static<typeof JudgeSummary>;

const ScoreSummary = Type.Object({
  ...JudgeSummary.properties,
  /** The judges of a jury, each on its own, and their agreement. */
  judges: Type.Optional(Type.Array(JudgeSummary)),
  agreement: Type.Optional(Agreement),
});
/** The content of a `summary` file: who judged, and the statistics of the scores. It does not depend on time or host. */
export type ScoreSummary = Static<typeof ScoreSummary>;

/**
 * Reads a `scores` file; an element without an index gets that of its place. `input` names the file in errors. Throws
 * StageError with the place where it is wrong.
 */
export async function readScores(path: string, input: string): Promise<Judgement[]> {
  const scores = await readChecked(path, input, Type.Array(Score));
  return scores.map((score, index) => ({ index, ...score }));
}

/** Writes a `scores` file: one element a response, in their order. Throws the system's error. */
export async function writeScores(path: string, judgements: readonly Judgement[]): Promise<void> {
  await writeFile(path, jsonText(judgements));
}

/** Reads a `summary` file. `input` names the file in errors. Throws StageError with the place where it is wrong. */
export async function readScoreSummary(path: string, input: string): Promise<ScoreSummary> {
  return await readChecked(path, input, ScoreSummary);
}

/** Writes a `summary` file. Throws the system's error. */
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
    throw new StageError(`Input ${input} is not JSON: ${messageOf(error)}.`);
  }
  const [valid, [fault]] = Errors(schema, value);
  if (valid) return value as Static<Schema>;
  throw new StageError(
    `Input ${input} is not what a judge writes: at ${fault?.instancePath || 'the top'}: ${fault?.message}.`,
  );
}
