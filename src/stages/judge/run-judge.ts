import { canonicalJson } from '../../contract/canonical-json.ts';
import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { digestOfBytes } from '../../files/digest.ts';
import { outsideText } from '../../network/outside-text.ts';
import { type Response, readResponses } from '../../text/responses.ts';
import { itemNames, type Sampled } from '../../text/samples.ts';
import { type Judgement, type ScoreSummary, writeScoreSummary, writeScores } from '../../text/scores.ts';
import { Labels } from './human/labels.ts';
import type { Judge } from './judge-contract.ts';
import { judgeResponses } from './judge-responses.ts';
import { JudgingProgress } from './judging-progress.ts';
import { type Judged, juryVerdict } from './jury/jury-verdict.ts';
import { DOES_NOT_FIT } from './language-model/language-model.ts';
import type { JudgeSettings } from './settings.ts';
import { LEAST_LABELS } from './summary/against-people.ts';
import { summaryOf } from './summary/judge-summary.ts';

const UNREADABLE_HELP =
  ' Ask for a bare number in `instructions`, or for JSON with `format: score`. The replies are kept: what is asked again is only what has changed.';
const TOO_LONG_HELP =
  ' Raise the setting that is named, such as `options: { num_ctx: 8192 }`, if the model has more context, or give shorter responses.';
/** So much of a reply says what is the matter with it. */
const REPLY_SHOWN = 120;

/**
 * The work of the `judge` stage: responses in; scores, and a summary that says who judged, out. The judges of a jury work
 * one after the other, so that a server need not exchange their models for every item. Throws StageError if a judge gave
 * fewer than `min_scored` of the items a score.
 */
export async function runJudge(
  judges: readonly Judge[],
  context: StageContext<JudgeSettings>,
): Promise<void> {
  const { inputs, outputs, settings } = context;
  const responses = await readResponses(inputs.responses!.path);
  const labels = inputs.labels && (await Labels.read(inputs.labels.path));
  const progress = new JudgingProgress(judges.length * responses.length, context.progress);
  const bench: Judged[] = [];
  for (const one of judges) {
    const judgements = await judgeResponses(one, responses, context, progress);
    const judged = { judge: one.describe(), judgements };
    requireScores(judged, settings);
    bench.push(judged);
  }
  const verdict = settings.judge.kind === 'jury' ? juryVerdict(settings.judge.label, bench) : bench[0]!;
  const scores = withQuestions(verdict.judgements, responses);
  const summary = summaryOf(verdict, bench, responses, itemNames(scores), labels);
  await writeScores(outputs.scores!, scores);
  await writeScoreSummary(outputs.summary!, summary);
  tellOf(summary, context);
  warnOfEmpty(responses, context);
  for (const judged of bench) {
    const unscored = firstUnscored(judged, settings);
    if (unscored)
      context.warnOfResult(unscored, 'They are left out of the mean; the replies are in the scores.');
  }
}

function requireScores(judged: Judged, settings: JudgeSettings): void {
  const { judge, judgements } = judged;
  const least = settings.min_scored;
  const scored = judgements.filter(({ score }) => score !== null).length;
  if (scored >= least * judgements.length) return;
  const { reply, reason } = judgements.find(({ score }) => score === null)!;
  const words = reply === undefined ? '' : `: ${JSON.stringify(outsideText(reply, REPLY_SHOWN))}`;
  const help = judge.language_model ? (reason?.includes(DOES_NOT_FIT) ? TOO_LONG_HELP : UNREADABLE_HELP) : '';
  throw new StageError(`${firstUnscored(judged, settings)}${words}.`, {
    hint: `At least ${100 * least} % must have one (\`min_scored\`).${help}`,
  });
}

/** How many items have no score, and why the first of them has none; undefined if all have one. */
function firstUnscored({ judge, judgements }: Judged, settings: JudgeSettings): string | undefined {
  const unscored = judgements.filter(({ score }) => score === null);
  const [first] = unscored;
  if (!first) return undefined;
  const who = settings.judge.kind === 'jury' ? `${judge.label}: ` : '';
  return `${who}${unscored.length} of ${judgements.length} replies gave no score, the first for item ${first.index}: ${first.reason}`;
}

/** What a person wants to see without opening the summary. */
function tellOf(
  { mean, corrected, calibration, agreement, labelled }: ScoreSummary,
  context: StageContext<JudgeSettings>,
): void {
  if (mean !== null) context.metric('mean_score', mean);
  if (agreement?.alpha_interval != null) context.metric('agreement', agreement.alpha_interval);
  if (corrected) context.metric('corrected_mean_score', corrected.mean);
  if (calibration?.bias != null) context.metric('bias', calibration.bias);
  if (labelled === undefined || labelled >= LEAST_LABELS) return;
  context.warnOfResult(
    `${labelled} items have a label and a score: too few to correct the judge`,
    `Label at least ${LEAST_LABELS} items, drawn at random.`,
  );
}

/** A model that says nothing has usually learned to end at once, and two empty texts are equal. */
function warnOfEmpty(responses: readonly Response[], { warnOfResult }: StageContext<JudgeSettings>): void {
  const empty = responses.filter(({ model_response }) => model_response.trim() === '').length;
  if (empty === 0) return;
  warnOfResult(
    `${empty} of ${responses.length} responses ${empty === 1 ? 'is' : 'are'} empty`,
    'Look at them: pipe cat FILE generate.responses. Was the model trained on empty outputs?',
  );
}

/** Each judgement with the identity of its question, by which items of two judgements are paired, and its sample's number. */
function withQuestions(
  judgements: readonly Judgement[],
  responses: readonly Response[],
): readonly (Judgement & Sampled)[] {
  return judgements.map(({ index, ...rest }) => {
    const { instruction, input, sample } = responses[index]!;
    const question = digestOfBytes(canonicalJson([instruction, input]));
    return { index, question, ...(Number.isInteger(sample) && { sample }), ...rest };
  });
}
