import type { Pause } from '../model/network/training-pass.ts';
import { batchesOf, DataOrder } from './data/data-order.ts';
import { checkFinite } from './objective/batch-loss.ts';
import type { Measures, Objective, Part } from './objective/objective.ts';
import { learningRateAt } from './optimizer/learning-rate.ts';
import type { Evaluation } from './state/history.ts';
import {
  type Examples,
  type TrainingOptions,
  type TrainingState,
  updatesInAll,
  updatesPerEpoch,
} from './state/training-state.ts';

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
  objective: Objective,
  data: Examples,
  options: TrainingOptions,
  state: TrainingState,
  pause: Pause,
): Promise<Evaluation> {
  const { batchSize, evalBatches, shuffle } = options;
  const order = new DataOrder(shuffle, state.generator);
  const meanOver = async (part: Part, batches: readonly Int32Array[]): Promise<Measures> => {
    const sums: Record<string, number> = {};
    for (const examples of batches) {
      const measures = await objective.measure(part, examples, pause);
      checkFinite(measures.loss, `on ${part} after step ${state.step}`);
      for (const [name, value] of Object.entries(measures)) sums[name] = (sums[name] ?? 0) + value;
    }
    const means = Object.entries(sums).map(([name, sum]) => [name, sum / batches.length]);
    return Object.fromEntries(means);
  };
  const someOf = (pass: Int32Array, dropLast: boolean) =>
    batchesOf(pass, batchSize, { dropLast }).slice(0, evalBatches);
  const { loss: trainLoss, ...onTrain } = await meanOver(
    'train',
    someOf(order.evaluation(data.train.length), true),
  );
  const { loss: validationLoss, ...onValidation } = await meanOver(
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
    ...(Object.keys(onTrain).length > 0 && {
      measures: { ...prefixed('train', onTrain), ...prefixed('validation', onValidation) },
    }),
  };
  state.history.push(evaluation);
  return evaluation;
}

function prefixed(part: Part, measures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(measures).map(([name, value]) => [`${part}_${name}`, value]));
}
