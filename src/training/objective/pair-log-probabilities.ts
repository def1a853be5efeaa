import { type Batch, collate } from '../../batch/collate.ts';
import { type PackedBatch, textsOfTargets } from '../../batch/packed-batch.ts';
import { targetLosses } from '../../model/network/batch-gradients.ts';
import type { CausalModel } from '../../model/network/causal-model.ts';
import type { Pause } from '../../model/network/training-pass.ts';
import { eachPart } from './batch-loss.ts';
import type { PairLogProbabilities } from './preference-loss.ts';

/** A prompt with a response that is preferred and one that is not, as tokens; both texts begin with the prompt. */
export interface PreferencePair {
  readonly chosen: Int32Array;
  readonly rejected: Int32Array;
  readonly promptLength: number;
}

export interface PairOptions {
  /** Ends and pads the texts. */
  readonly endOfText: number;
  /** Longest text, in tokens. */
  readonly maxLength: number;
  /** How many pairs are computed at once. */
  readonly rowsAtOnce: number;
  /** A response counts by the mean of its tokens' log probabilities, and not by their sum. */
  readonly averageLogProbabilities: boolean;
}

/** The texts of pairs in one batch, each chosen one before its rejected one; what counts is the responses and the ends. */
export function pairBatch(
  pairs: readonly PreferencePair[],
  { endOfText, maxLength }: Pick<PairOptions, 'endOfText' | 'maxLength'>,
): Batch {
  return collate(
    pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]),
    {
      padToken: endOfText,
      maxLength,
      promptLengths: pairs.flatMap(({ promptLength }) => [promptLength, promptLength]),
    },
  );
}

/** Log probabilities of the responses of pairs, each of which must have a token before the cut. */
export async function pairLogProbabilities(
  model: CausalModel,
  pairs: readonly PreferencePair[],
  options: PairOptions,
  pause: Pause,
): Promise<PairLogProbabilities[]> {
  const found: PairLogProbabilities[] = [];
  await eachPart(pairBatch(pairs, options), 2 * options.rowsAtOnce, pause, async (part, pausePart) => {
    const losses = await targetLosses(model, part, pausePart);
    found.push(...logProbabilitiesOf(part, losses, targetShares(part, options)));
  });
  return found;
}

/** How much the log probability of each counted target adds to that of its response: 1 to a sum, 1 / n to a mean of n. */
export function targetShares(
  part: PackedBatch,
  { averageLogProbabilities }: Pick<PairOptions, 'averageLogProbabilities'>,
): Float64Array {
  const texts = textsOfTargets(part);
  const counts = new Int32Array(part.texts);
  for (const text of texts) counts[text]! += 1;
  return Float64Array.from(texts, (text) => (averageLogProbabilities ? 1 / counts[text]! : 1));
}

/** Log probabilities of the responses in a part of a batch of pairs, from the losses of its counted targets and their shares. */
export function logProbabilitiesOf(
  part: PackedBatch,
  losses: Float32Array,
  shares: Float64Array,
): PairLogProbabilities[] {
  const sums = new Float64Array(part.texts);
  for (const [target, text] of textsOfTargets(part).entries()) {
    sums[text]! -= shares[target]! * losses[target]!;
  }
  return Array.from({ length: part.texts / 2 }, (_, pair) => [sums[2 * pair]!, sums[2 * pair + 1]!]);
}
