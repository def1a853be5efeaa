import type { Response } from '../../text/responses.ts';
import type { Judgement } from './judgement.ts';
import { rougeL } from './rouge-l.ts';
import type { ReferenceJudge } from './settings.ts';

/** Compares each response with its expected output, both ways; `metric` chooses which one is the score. */
export function judgeByReference({ metric }: ReferenceJudge, responses: readonly Response[]): Judgement[] {
  return responses.map(({ output, model_response }, index) => {
    const comparisons = {
      exact_match: output.trim() === model_response.trim() ? 100 : 0,
      rouge_l: 100 * rougeL(model_response, output),
    };
    return { index, score: comparisons[metric], ...comparisons };
  });
}
