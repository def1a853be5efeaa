import { canonicalJson } from '../../contract/canonical-json.ts';
import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { digestOfBytes } from '../../files/digest.ts';
import { scoreStatistics } from '../../statistics/score-statistics.ts';
import { type Response, readResponses } from '../../text/responses.ts';
import { type Judgement, writeScoreSummary, writeScores } from '../../text/scores.ts';
import { outsideText } from '../network/outside-text.ts';
import type { Judge } from './judge-contract.ts';
import { judgeResponses } from './judge-responses.ts';
import type { JudgeSettings } from './settings.ts';

/** So much of a reply says what is the matter with it. */
const REPLY_SHOWN = 120;

/**
 * The work of the `judge` stage: responses in; scores, and a summary that says who judged, out. Throws StageError if
 * fewer than `min_scored` of the items have a score.
 */
export async function runJudge(judge: Judge, context: StageContext<JudgeSettings>): Promise<void> {
  const { inputs, outputs, settings } = context;
  const responses = await readResponses(inputs.responses!.path);
  const judgements = await judgeResponses(judge, responses, context);
  requireScores(judgements, settings.min_scored, judge.describe().language_model);
  const statistics = scoreStatistics(judgements);
  await writeScores(outputs.scores!, withQuestions(judgements, responses));
  await writeScoreSummary(outputs.summary!, { judge: judge.describe(), ...statistics });
  if (statistics.mean !== null) context.metric('mean_score', statistics.mean);
  warnOfEmpty(responses, context);
  const unscored = firstUnscored(judgements);
  if (unscored)
    context.warnOfResult(unscored, 'They are left out of the mean; the replies are in the scores.');
}

function requireScores(judgements: readonly Judgement[], least: number, ofModel: boolean): void {
  const scored = judgements.filter(({ score }) => score !== null).length;
  if (scored >= least * judgements.length) return;
  const { reply } = judgements.find(({ score }) => score === null)!;
  const words = reply === undefined ? '' : `: ${JSON.stringify(outsideText(reply, REPLY_SHOWN))}`;
  const help = ofModel
    ? ' Ask for a bare number in `instructions`, or for JSON with `format: score`. The replies are kept: what is asked again is only what has changed.'
    : '';
  throw new StageError(`${firstUnscored(judgements)}${words}.`, {
    hint: `At least ${100 * least} % must have one (\`min_scored\`).${help}`,
  });
}

/** How many items have no score, and why the first of them has none; undefined if all have one. */
function firstUnscored(judgements: readonly Judgement[]): string | undefined {
  const unscored = judgements.filter(({ score }) => score === null);
  const [first] = unscored;
  if (!first) return undefined;
  return `${unscored.length} of ${judgements.length} replies gave no score, the first for item ${first.index}: ${first.reason}`;
}

/** A model that says nothing has usually learned to end at once, and two empty texts are equal. */
function warnOfEmpty(responses: readonly Response[], { warnOfResult }: StageContext<JudgeSettings>): void {
  const empty = responses.filter(({ model_response }) => model_response.trim() === '').length;
  if (empty === 0) return;
  warnOfResult(
    `${empty} of ${responses.length} responses are empty`,
    'Look at them: pipe cat FILE generate.responses. Was the model trained on empty outputs?',
  );
}

/** Each judgement with the identity of its question, by which items of two judgements are paired. */
function withQuestions(
  judgements: readonly Judgement[],
  responses: readonly Response[],
): readonly Judgement[] {
  return judgements.map(({ index, ...rest }) => {
    const { instruction, input } = responses[index]!;
    return { index, question: digestOfBytes(canonicalJson([instruction, input])), ...rest };
  });
}
