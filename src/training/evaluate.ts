import type { Gpt2 } from '../model/gpt2.ts';
import type { Pause } from '../model/training-pass.ts';
import { checkFinite, collated, meanLoss } from './batch-loss.ts';
import { batchesOf, DataOrder } from './data-order.ts';
import type { Evaluation } from './history.ts';
import { learningRateAt } from './learning-rate.ts';
import {
  type TrainingData,
  type TrainingOptions,
  type TrainingState,
  updatesInAll,
  updatesPerEpoch,
} from './training-state.ts';

/** Losses are measured before the first update, after it, and after every `evalEvery` more, once each. */
export function evaluationIsDue({ step, history }: TrainingState, { evalEvery }: TrainingOptions): boolean {
  return (step === -1 || step % evalEvery === 0) && history.at(-1)?.step !== step;
}

/**
 * Measures the losses on some batches of both data sets and adds them to the history. In PyTorch's order the passes
 * are drawn from the training's own generator, so evaluations change the order of the next epoch, as in the book; the
 * losses before the first update are measured on a generator of their own.
 */
export async function evaluate(
  model: Gpt2,
  data: TrainingData,
  options: TrainingOptions,
  state: TrainingState,
  pause: Pause,
): Promise<Evaluation> {
  const { batchSize, evalBatches, shuffle } = options;
  const order = new DataOrder(shuffle, state.generator);
  const meanOver = async (name: 'train' | 'validation', batches: readonly Int32Array[]) => {
    let sum = 0;
    for (const indices of batches) {
      const batch = collated(name, indices, data, options);
      const loss = await meanLoss(model, batch, options.rowsAtOnce, pause);
      checkFinite(loss, `on ${name} after step ${state.step}`);
      sum += loss;
    }
    return sum / batches.length;
  };
  const someOf = (pass: Int32Array, dropLast: boolean) =>
    batchesOf(pass, batchSize, { dropLast }).slice(0, evalBatches);
  const trainLoss = await meanOver('train', someOf(order.evaluation(data.train.length), true));
  const validationLoss = await meanOver(
    'validation',
    someOf(order.validation(data.validation.length), false),
  );

  const begun = state.step >= 0;
  if (begun) state.generator = order.state();
  const evaluation: Evaluation = {
    step: state.step,
    epoch: (state.step + 1) / updatesPerEpoch(data.train.length, batchSize),
    tokensSeen: state.tokensSeen,
    trainLoss,
    validationLoss,
    learningRate: begun
      ? learningRateAt(state.step, options.learningRate, updatesInAll(data, options))
      : null,
    gradNorm: state.gradNorm,
  };
  state.history.push(evaluation);
  return evaluation;
}
