import { responseTargets } from '../../batch/collate.ts';
import { countTargets } from '../../batch/packed-batch.ts';
import { collated } from '../objective/batch-loss.ts';
import type { Part } from '../objective/objective.ts';
import type { TrainingData, TrainingOptions } from '../state/training-state.ts';

/** Texts with what decides which of their targets count. */
export type Texts = Omit<TrainingData, 'samplePrompt'>;

/** Why nothing of a text counts. */
export type NothingCounts =
  | 'it has no tokens'
  | 'its prompt alone fills the context'
  | 'masking leaves nothing of it';

/** A text of which no target counts. */
export interface UncountedText {
  readonly index: number;
  readonly reason: NothingCounts;
}

/**
 * The texts of a data set of which nothing counts: they have no loss, and would only dilute the means of their batches
 * and let momentum and decay move the weights.
 */
export function uncountedTexts(
  part: Part,
  data: Texts,
  options: Pick<TrainingOptions, 'maxLength'>,
): UncountedText[] {
  return data[part].flatMap(({ length }, index): UncountedText[] => {
    if (countTargets(collated(part, [index], data, options)) > 0) return [];
    if (length === 0) return [{ index, reason: 'it has no tokens' }];
    const prompt = data.promptLengths?.[part][index] ?? data.counted![part][index]!.indexOf(1);
    const fills = prompt >= 0 && responseTargets(Number.POSITIVE_INFINITY, prompt, options.maxLength) === 0;
    return [{ index, reason: fills ? 'its prompt alone fills the context' : 'masking leaves nothing of it' }];
  });
}

/** The data without some texts of either data set. */
export function withoutTexts<Data extends Texts>(
  data: Data,
  leftOut: Readonly<Record<Part, readonly UncountedText[]>>,
): Data {
  const kept = <Item>(part: Part, items: readonly Item[]) => {
    const indices = new Set(leftOut[part].map(({ index }) => index));
    return items.filter((_, index) => !indices.has(index));
  };
  const { promptLengths, counted } = data;
  return {
    ...data,
    train: kept('train', data.train),
    validation: kept('validation', data.validation),
    ...(promptLengths && {
      promptLengths: {
        train: kept('train', promptLengths.train),
        validation: kept('validation', promptLengths.validation),
      },
    }),
    ...(counted && {
      counted: {
        train: kept('train', counted.train),
        validation: kept('validation', counted.validation),
      },
    }),
  };
}
