/** Log probabilities, in nats, of the two responses of a preference pair. */
export type PairLogProbabilities = readonly [chosen: number, rejected: number];

/** One pair as direct preference optimization sees it. */
export interface Preference {
  /** In nats. */
  readonly loss: number;
  /** Derivative of the loss with respect to the policy's log probability of the chosen response; that of the rejected one is its negative. */
  readonly slope: number;
  /** By how much the policy's log probabilities are above the reference's. */
  readonly chosenReward: number;
  readonly rejectedReward: number;
}

/**
 * The loss of direct preference optimization (Rafailov et al., https://arxiv.org/abs/2305.18290, equation 7):
 * -log sigmoid(beta · (chosen reward - rejected reward)). Rewards are without the factor beta, as in
 * ch07/04_preference-tuning-with-dpo of https://github.com/rasbt/LLMs-from-scratch.
 */
export function preference(
  policy: PairLogProbabilities,
  reference: PairLogProbabilities,
  beta: number,
): Preference {
  const chosenReward = policy[0] - reference[0];
  const rejectedReward = policy[1] - reference[1];
  const margin = beta * (chosenReward - rejectedReward);
  const small = Math.exp(-Math.abs(margin)); // never overflows
  const wrong = margin > 0 ? small / (1 + small) : 1 / (1 + small); // sigmoid(-margin)
  return {
    loss: Math.max(-margin, 0) + Math.log1p(small),
    slope: -beta * wrong,
    chosenReward,
    rejectedReward,
  };
}
