import { textsOfTargets } from '../../batch/packed-batch.ts';
import { addGradientsOf, type GradientOptions } from '../../model/network/batch-gradients.ts';
import type { CausalModel } from '../../model/network/causal-model.ts';
import { eachPart } from './batch-loss.ts';
import type { Measures, Objective, Part } from './objective.ts';
import {
  logProbabilitiesOf,
  type PairOptions,
  type PreferencePair,
  pairBatch,
  pairLogProbabilities,
  targetShares,
} from './pair-log-probabilities.ts';
import { type PairLogProbabilities, type Preference, preference } from './preference-loss.ts';

export interface PreferenceOptions extends PairOptions {
  /** How strongly leaving the reference is penalised. */
  readonly beta: number;
  /** As in `TrainingOptions`. */
  readonly keeps?: GradientOptions['keeps'];
}

/** The pairs of either data set. */
export type PreferencePairs = Readonly<Record<Part, readonly PreferencePair[]>>;

/** What the frozen model gives to each pair of either data set. */
export type Reference = Readonly<Record<Part, readonly PairLogProbabilities[]>>;

/**
 * Direct preference optimization: the mean loss of pairs (`preference`). Measured next to it are the mean rewards of both
 * responses, their margin, and the share of pairs whose chosen response has the higher one.
 */
export function preferences(
  model: CausalModel,
  data: PreferencePairs,
  reference: Reference,
  options: PreferenceOptions,
): Objective {
  const { beta, rowsAtOnce, keeps } = options;
  const chosenOf = <Item>(items: readonly Item[], indices: ArrayLike<number>) =>
    Array.from(indices, (index) => items[index]!);
  return {
    async measure(part, indices, pause) {
      const policy = await pairLogProbabilities(model, chosenOf(data[part], indices), options, pause);
      const frozen = chosenOf(reference[part], indices);
      return meansOf(policy.map((pair, i) => preference(pair, frozen[i]!, beta)));
    },

    async gradients(indices, _earlier, sums, pause) {
      const batch = pairBatch(chosenOf(data.train, indices), options);
      const frozen = chosenOf(reference.train, indices);
      let loss = 0;
      await eachPart(batch, 2 * rowsAtOnce, pause, async (part, pausePart, firstText) => {
        const shares = targetShares(part, options);
        const derive = (losses: Float32Array) => {
          const found = logProbabilitiesOf(part, losses, shares).map((pair, i) =>
            preference(pair, frozen[firstText / 2 + i]!, beta),
          );
          for (const pair of found) loss += pair.loss / indices.length;
          return Float32Array.from(textsOfTargets(part), (text, target) => {
            const slope = found[text >> 1]!.slope * (text % 2 === 0 ? 1 : -1);
            return (-slope * shares[target]!) / indices.length; // a loss is a log probability with its sign changed
          });
        };
        await addGradientsOf(derive, model, part, sums, pausePart, { keeps });
      });
      return { loss, tokens: batch.inputs.length };
    },
  };
}

function meansOf(pairs: readonly Preference[]): Measures {
  const mean = (of: (pair: Preference) => number) =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  return {
    loss: mean(({ loss }) => loss),
    chosen_reward: mean(({ chosenReward }) => chosenReward),
    rejected_reward: mean(({ rejectedReward }) => rejectedReward),
    reward_margin: mean(({ chosenReward, rejectedReward }) => chosenReward - rejectedReward),
    accuracy: mean(({ chosenReward, rejectedReward }) => Number(chosenReward > rejectedReward)),
  };
}
