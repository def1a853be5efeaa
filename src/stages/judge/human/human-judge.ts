import { StageError } from '../../../contract/stage-context.ts';
import { type Judgement, readScores } from '../../../text/scores.ts';
import type { Judge } from '../judge-contract.ts';
import type { SettingsOf } from '../settings.ts';

const HINT =
  'Give the input `labels`: a JSON array of {index, score, model_response}, where index counts the responses from 0.';

/**
 * People, through a file of labels. A label that names its `model_response` counts only for that very response, so one
 * file of labels does no harm when a model answers differently.
 */
export function humanJudge({ judge: { kind, label } }: SettingsOf<'human'>): Judge {
  return {
    describe: () => ({ kind, label, language_model: false }),

    async preflight({ inputBytes }) {
      return 'labels' in inputBytes ? [] : [{ message: 'A human judge needs a file of labels.', hint: HINT }];
    },

    async begin({ inputs }) {
      if (!inputs.labels) throw new StageError('A human judge needs a file of labels.', { hint: HINT });
      const labels = byIndex(await readScores(inputs.labels.path, 'labels'));
      return {
        async judge({ model_response }, index) {
          const given = labels.get(index);
          if (!given) return { index, score: null, reason: 'nobody has labelled it' };
          const { score, reason, rationale } = given;
          const labelled = Object(given).model_response;
          if (typeof labelled === 'string' && labelled !== model_response)
            return { index, score: null, reason: 'its label is for another response' };
          return {
            index,
            score,
            ...(score === null && { reason: reason ?? 'its label has no score' }),
            ...(rationale !== undefined && { rationale }),
          };
        },
      };
    },
  };
}

function byIndex(labels: readonly Judgement[]): Map<number, Judgement> {
  const found = new Map<number, Judgement>();
  for (const label of labels) {
    if (found.has(label.index))
      throw new StageError(`The input labels has two labels for item ${label.index}.`, { hint: HINT });
    found.set(label.index, label);
  }
  return found;
}
