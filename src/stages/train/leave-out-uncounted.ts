import { type StageContext, StageError } from '../../contract/stage-context.ts';
import {
  type Texts,
  type UncountedText,
  uncountedTexts,
  withoutTexts,
} from '../../training/data/counted-texts.ts';
import type { Part } from '../../training/objective/objective.ts';
import type { TrainingOptions } from '../../training/state/training-state.ts';

const HINT =
  'Raise `max_length` if the model has more positions, shorten the prompts, or leave `mask_instruction` out.';

/**
 * Leaves out the texts of which no target counts, with a warning that says how many, which is the first, and why. Throws
 * StageError where those are all of either data set.
 */
export function leaveOutUncounted(
  data: Texts,
  { maxLength }: TrainingOptions,
  { warnOfResult }: Pick<StageContext<unknown>, 'warnOfResult'>,
): Texts {
  const leftOut = {
    train: uncountedTexts('train', data, { maxLength }),
    validation: uncountedTexts('validation', data, { maxLength }),
  };
  for (const part of ['train', 'validation'] as const) {
    const [first] = leftOut[part];
    if (!first) continue;
    const message = sentence(part, leftOut[part].length, data[part].length, first, maxLength);
    if (leftOut[part].length === data[part].length) throw new StageError(message, { hint: HINT });
    warnOfResult(message, HINT);
  }
  return withoutTexts(data, leftOut);
}

/** Tokens do not hold the ids of records, but are in the order of their lines. */
function sentence(
  part: Part,
  count: number,
  all: number,
  { index, reason }: UncountedText,
  maxLength: number,
): string {
  const which = `${count} of ${all} ${part} texts are left out, because nothing of them counts`;
  return `${which}: the first is that of line ${index + 1} of the ${part} records (${reason}, ${maxLength} tokens).`;
}
