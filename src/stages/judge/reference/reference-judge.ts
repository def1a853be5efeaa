import { expectedOutput } from '../../../text/responses.ts';
import type { Judge } from '../judge-contract.ts';
import type { SettingsOf } from '../settings.ts';
import { chrF } from './chrf.ts';
import { rougeL } from './rouge-l.ts';

/** Compares a response with its expected output, in every way; `metric` chooses which one is the score. */
export function referenceJudge({ judge: { kind, label, metric } }: SettingsOf<'reference'>): Judge {
  return {
    describe: () => ({ kind, label, language_model: false, metric }),
    begin: async () => ({
      async judge(response, index) {
        const { model_response } = response;
        const output = expectedOutput(response, index, 'the judge compares with');
        const comparisons = {
          exact_match: output.trim() === model_response.trim() ? 100 : 0,
          rouge_l: 100 * rougeL(model_response, output),
          // It came later: scores by the others stay, to the byte, what they were.
          ...(metric === 'chrf' && { chrf: 100 * chrF(model_response, output) }),
        };
        return { index, score: Object(comparisons)[metric], ...comparisons };
      },
    }),
  };
}
