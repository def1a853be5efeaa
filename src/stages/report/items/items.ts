import type { Response } from '../../../text/responses.ts';
import { itemNames } from '../../../text/samples.ts';
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

/** Every question with what each model answered, each sample on its own. Of different files items are the same where their question is. */
export function itemsOf(models: readonly Answers[]): ReportItem[] {
  const [first] = models;
  const items = new Map<string, { question: Response; of: string; answers: (Answer | undefined)[] }>();
  for (const [place, { responses, scores }] of models.entries()) {
    // A file of scores alone is of the questions of the first model.
    const questions = responses ?? (scores ? first!.responses! : []);
    for (const [index, of] of itemsAmong(questions).entries()) {
      const key = JSON.stringify([of, questions[index]!.sample]);
      let item = items.get(key);
      if (item === undefined) {
        item = { question: questions[index]!, of, answers: models.map(() => undefined) };
        items.set(key, item);
      }
      item.answers[place] = answerOf(responses?.[index], scores?.[index]);
    }
  }
  const all = [...items.values()];
  const firsts = new Map([...all.entries()].reverse().map(([place, { of }]) => [of, String(place)]));
  return all.map(({ question: { instruction, input, output, sample }, of, answers }) => ({
    instruction,
    input,
    output: output ?? NOT_KNOWN,
    ...(sample !== undefined && { sample }),
    of: firsts.get(of)!,
    answers,
  }));
}

/** The item of each question; the same question twice is two items, samples of one are one. */
function itemsAmong(questions: readonly Response[]): string[] {
  return itemNames(
    questions.map(({ instruction, input, sample }) => ({
      question: JSON.stringify([instruction, input]),
      sample,
    })),
  );
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
