import type { Response } from '../../../text/responses.ts';
import type { Judgement } from '../../../text/scores.ts';
import type { Answer } from '../data/page-data.ts';
import type { Answers } from '../data/read-models.ts';
import type { ReportItem } from '../data/report-data.ts';
import { scoreParts } from './score-parts.ts';

const NOT_JUDGED: Omit<Judgement, 'index'> = {
  score: null,
  reason: 'it was not judged',
};

/** In the place of an output, of a prompt to which nobody knows the answer. */
const NOT_KNOWN = '(none)';

/** Every question with what each model answered. Of different files items are the same where their question is. */
export function itemsOf(models: readonly Answers[]): ReportItem[] {
  const [first] = models;
  const items = new Map<string, { question: Response; answers: (Answer | undefined)[] }>();
  for (const [place, { responses, scores }] of models.entries()) {
    // A file of scores alone is of the questions of the first model.
    const questions = responses ?? (scores ? first!.responses! : []);
    for (const [index, key] of keysOf(questions).entries()) {
      let item = items.get(key);
      if (item === undefined) {
        item = { question: questions[index]!, answers: models.map(() => undefined) };
        items.set(key, item);
      }
      item.answers[place] = answerOf(responses?.[index], scores?.[index]);
    }
  }
  return [...items.values()].map(({ question: { instruction, input, output }, answers }) => ({
    instruction,
    input,
    output: output ?? NOT_KNOWN,
    answers,
  }));
}

/** One for each question; the same question twice is two items. */
function keysOf(questions: readonly Response[]): string[] {
  const seen = new Map<string, number>();
  return questions.map(({ instruction, input }) => {
    const key = JSON.stringify([instruction, input]);
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    return `${key} ${times}`;
  });
}

function answerOf(response: Response | undefined, judged: Judgement | undefined): Answer {
  const { score, reason, reply, rationale, ...rest } = judged ?? NOT_JUDGED;
  const parts = scoreParts(rest);
  return {
    ...(response && { response: response.model_response }),
    score,
    ...(reason !== undefined && { reason }),
    ...(reply !== undefined && { reply }),
    ...(rationale !== undefined && { rationale }),
    ...(parts.length > 0 && { parts }),
  };
}
