import type { Pause } from '../model/network/training-pass.ts';
import { batchesOf, DataOrder } from './data/data-order.ts';
import { checkFinite } from './objective/batch-loss.ts';
import type { Measures, Objective, Part } from './objective/objective.ts';
import type { Evaluation } from './state/history.ts';
import {
  type Examples,
  type TrainingOptions,
  type TrainingState,
  updatesPerEpoch,
} from './state/training-state.ts';

/** Losses are measured before the first update, after it, and after every `evalEvery` more, once each. */
export function evaluationIsDue({ updates, history }: TrainingState, options: TrainingOptions): boolean {
  return (updates === 0 || isEvaluated(updates, options)) && history.at(-1)?.updates !== updates;
}

/** Whether the losses are measured after an update, the first of which is number 1. */
export function isEvaluated(update: number, { evalEvery }: TrainingOptions): boolean {
  return (update - 1) % evalEvery === 0;
}

/**
 * Measures the losses on some batches of both data sets and adds them to the history. A loss is the mean over these batches of
 * the mean over the counted targets of each, as in the book; every batch has some, because texts without any are not in the
 * data (`uncountedTexts`). In PyTorch's order the passes
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
  const moment = state.updates === 0 ? 'before training' : `after update ${state.updates}`;
  const meanOver = async (part: Part, batches: readonly Int32Array[]): Promise<Measures> => {
    const sums: Record<string, number> = {};
    for (const examples of batches) {
      const measures = await objective.measure(part, examples, pause);
      checkFinite(measures.loss, `on ${part} ${moment}`);
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

  if (state.updates > 0) state.generator = order.state();
  const evaluation: Evaluation = {
    updates: state.updates,
    epoch: state.updates / updatesPerEpoch(data.train.length, batchSize),
    tokensSeen: state.tokensSeen,
    trainLoss,
    validationLoss,
    learningRate: state.learningRate,
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
