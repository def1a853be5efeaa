import type { CausalModel } from '../../model/network/causal-model.ts';
import type { TrainingData, TrainingOptions } from '../state/training-state.ts';
import { collated, meanLoss, meanLossGradients } from './batch-loss.ts';
import type { Objective } from './objective.ts';

/** Supervised fine-tuning: the mean cross-entropy, in nats, of predicting each next token of the texts. */
export function nextTokens(model: CausalModel, data: TrainingData, options: TrainingOptions): Objective {
  const { rowsAtOnce, dropout, seed, keeps } = options;
  return {
    async measure(part, texts, pause) {
      return { loss: await meanLoss(model, collated(part, texts, data, options), rowsAtOnce, pause) };
    },
    async gradients(texts, earlier, sums, pause) {
      const batch = collated('train', texts, data, options);
      const dropping = {
        rates: { model: dropout, adapter: model.adapter?.dropout ?? 0 },
        stream: `${seed}/${earlier}`,
      };
      const loss = await meanLossGradients(model, batch, rowsAtOnce, sums, pause, {
        dropping,
        keeps,
      });
      return { loss, tokens: batch.inputs.length };
    },
  };
}
