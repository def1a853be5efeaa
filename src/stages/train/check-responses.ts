import { responseTargets } from '../../batch/collate.ts';
import { type StageContext, StageError } from '../../contract/stage-context.ts';
import type { TrainingData, TrainingOptions } from '../../training/state/training-state.ts';

const HINT =
  'Their prompts reach beyond what is trained on: raise `max_length` if the model has more positions, or shorten the records.';

/**
 * Where only responses are trained on, warns of texts that have none within `maxLength`: they teach nothing. Throws
 * StageError where that is all of either data set.
 */
export function checkResponses(
  { promptLengths, ...texts }: TrainingData,
  { maxLength }: TrainingOptions,
  { warnOfResult }: Pick<StageContext<unknown>, 'warnOfResult'>,
): void {
  if (!promptLengths) return;
  for (const part of ['train', 'validation'] as const) {
    const all = texts[part];
    const without = all.filter(
      ({ length }, i) => responseTargets(length, promptLengths[part][i]!, maxLength) === 0,
    ).length;
    if (without === 0) continue;
    const message = `${without} of ${all.length} ${part} texts have no response within ${maxLength} tokens, so nothing of them counts.`;
    if (without === all.length) throw new StageError(message, { hint: HINT });
    warnOfResult(message, HINT);
  }
}
