import type { StageContext } from '../../contract/stage-context.ts';
import { scoreStatistics } from '../../statistics/score-statistics.ts';
import { readResponses } from '../../text/responses.ts';
import { writeScoreSummary, writeScores } from '../../text/scores.ts';
import type { Judge } from './judge-contract.ts';
import { judgeResponses } from './judge-responses.ts';
import type { JudgeSettings } from './settings.ts';

/** The work of the `judge` stage: responses in; scores, and a summary that says who judged, out. */
export async function runJudge(judge: Judge, context: StageContext<JudgeSettings>): Promise<void> {
  const { inputs, outputs } = context;
  const responses = await readResponses(inputs.responses!.path);
  const judgements = await judgeResponses(judge, responses, context);
  const statistics = scoreStatistics(judgements);
  await writeScores(outputs.scores!, judgements);
  await writeScoreSummary(outputs.summary!, { judge: judge.describe(), ...statistics });
  const { items, unscored, mean } = statistics;
  if (mean !== null) context.metric('mean_score', mean);
  if (unscored > 0) {
    const first = judgements.find(({ score }) => score === null);
    context.warn(
      `${unscored} of ${items} replies gave no score, the first for item ${first?.index}: ${first?.reason}`,
      'They are left out of the mean; the replies are in the scores.',
    );
  }
}
