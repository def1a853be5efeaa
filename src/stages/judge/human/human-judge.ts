import { StageError } from '../../../contract/stage-context.ts';
import type { Judge } from '../judge-contract.ts';
import type { SettingsOf } from '../settings.ts';
import { LABELS_HINT as hint, Labels } from './labels.ts';

/** People, through a file of labels. */
export function humanJudge({ judge: { kind, label } }: SettingsOf<'human'>): Judge {
  return {
    describe: () => ({ kind, label, language_model: false }),

    async preflight({ inputBytes }) {
      return 'labels' in inputBytes ? [] : [{ message: 'A human judge needs a file of labels.', hint }];
    },

    async begin({ inputs }) {
      if (!inputs.labels) throw new StageError('A human judge needs a file of labels.', { hint });
      const labels = await Labels.read(inputs.labels.path);
      return { judge: async (response, index) => labels.of(response, index) };
    },
  };
}
