import { setImmediate as eventLoop } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { CausalModel } from '../model/network/causal-model.ts';
import type { Gradients, Pause } from '../model/network/training-pass.ts';
import { DataOrder } from './data/data-order.ts';
import { evaluate, evaluationIsDue, isEvaluated } from './evaluate.ts';
import { checkFinite } from './objective/batch-loss.ts';
import type { Objective } from './objective/objective.ts';
import { AdamW } from './optimizer/adamw.ts';
import { clippingFactor, gradientNorm } from './optimizer/clipping.ts';
import { learningRateAt } from './optimizer/learning-rate.ts';
import { sampleTokens } from './sample.ts';
import { BestWeights, bestEvaluation } from './state/best-weights.ts';
import type { Checkpoints } from './state/checkpoint.ts';
import { stopsEarly } from './state/early-stopping.ts';
import type { Evaluation } from './state/history.ts';
import {
  beginning,
  type Examples,
  type Sample,
  type TrainingOptions,
  type TrainingState,
  updatesInAll,
  updatesPerEpoch,
} from './state/training-state.ts';

/** What a training needs of the world around it. */
export interface TrainingSurroundings {
  readonly checkpoints: Checkpoints<TrainingState>;
  /** Milliseconds between two checkpoints. */
  readonly checkpointInterval: number;
  /** When aborted, the training writes a checkpoint and throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Called when the training continues from a checkpoint, with the updates that are done already. */
  onResume(done: number): void;
  onUpdate(update: Update): void;
  /**
   * Called between the parts of an update, an evaluation or a sample, many times a second: the updates made so far, and
   * what share of the next is done.
   */
  onPart(done: number, share: number): void;
  onEvaluation(evaluation: Evaluation): void;
  onSample(sample: Sample): void;
}

/** What is reported of one update. */
export interface Update {
  /** Updates made so far, this one included. */
  readonly done: number;
  /** Loss of its batch, in nats. */
  readonly loss: number;
  readonly learningRate: number;
  /** Norm of all its gradients before clipping; null if it was not requested. */
  readonly gradNorm: number | null;
  /** Tokens in its batch, padding included. */
  readonly tokens: number;
  readonly seconds: number;
}

/**
 * Trains a model in place, or the adapter that it has, in the order of chapter 7 of "Build a Large Language Model (From Scratch)"
 * (train_model_simple): losses and a sample before the first update; losses after the first and then every
 * `evalEvery` updates; a sample after each epoch. Ends early and with the best weights if the options say so. Continues
 * from the newest checkpoint, and on one engine ends with the same bytes as without the interruption. Throws StageError
 * if a loss is no longer a number.
 */
export async function minimize(
  model: CausalModel,
  objective: Objective,
  data: Examples,
  options: TrainingOptions,
  surroundings: TrainingSurroundings,
): Promise<TrainingState> {
  const { checkpoints, checkpointInterval, signal } = surroundings;
  const optimizer = new AdamW(model.trained, options.optimizer);
  const variables = new Map([...model.trained, ...optimizer.variables()]);
  const restored = await checkpoints.restore(variables);
  if (restored) surroundings.onResume(restored.updates);
  const state = restored ?? beginning(options);
  const best = options.keep === 'best' ? new BestWeights(checkpoints.directory, model.trained) : null;
  let saved = { updates: state.updates, time: Date.now() };
  const save = async () => {
    if (saved.updates !== state.updates) {
      await checkpoints.save(state.updates, variables, state, best?.filesOf(state.history));
    }
    saved = { updates: state.updates, time: Date.now() };
  };
  const pause = async (share: number) => {
    await eventLoop();
    signal.throwIfAborted();
    surroundings.onPart(state.updates, share);
  };
  const takeSample = async (of: Omit<Sample, 'tokens'>): Promise<Sample> => {
    const onProgress = () => surroundings.onPart(state.updates, 0);
    const tokens = await sampleTokens(model, data, options, { signal, onProgress });
    surroundings.onSample({ ...of, tokens });
    return { ...of, tokens };
  };
  try {
    // The state is whole at every `await`: whatever throws there, a checkpoint of it can be continued from.
    for (;;) {
      if (evaluationIsDue(state, options)) {
        const evaluation = await evaluate(objective, data, options, state, () => pause(0));
        await best?.keepIfBest(state.history);
        surroundings.onEvaluation(evaluation);
      }
      if (state.samples.length === state.epoch) {
        state.samples.push(await takeSample({ epoch: state.epoch }));
      }
      if (isOver(state, options)) break;
      if (state.pass === null) beginPass(data, options, state);
      surroundings.onUpdate(await update(objective, optimizer, data, options, state, pause));
      if (Date.now() - saved.time >= checkpointInterval) await save();
    }
  } catch (error) {
    if (signal.aborted && error === signal.reason) await save();
    throw error;
  } finally {
    optimizer.dispose();
  }
  return best ? await withBest(best, state, takeSample) : state;
}

/** Puts the best weights into the model, and marks the evaluation that they are of. */
async function withBest(
  best: BestWeights,
  state: TrainingState,
  takeSample: (of: Omit<Sample, 'tokens'>) => Promise<Sample>,
): Promise<TrainingState> {
  const chosen = bestEvaluation(state.history)!;
  await best.load(state.history);
  const sample = await takeSample({ epoch: chosen.epoch, kept: true });
  return {
    ...state,
    history: state.history.map((one) => (one === chosen ? { ...one, kept: true } : one)),
    samples: [...state.samples, sample],
  };
}

function isOver({ epoch, history }: TrainingState, { epochs, earlyStopping }: TrainingOptions): boolean {
  return epoch === epochs || (earlyStopping !== null && stopsEarly(history, earlyStopping));
}

/** Draws the order of the next epoch. */
function beginPass({ train }: Examples, { shuffle }: TrainingOptions, state: TrainingState): void {
  const order = new DataOrder(shuffle, state.generator);
  state.pass = Array.from(order.training(train.length));
  state.generator = order.state();
}

/** One update of all parameters, from the next batch of the epoch. */
async function update(
  objective: Objective,
  optimizer: AdamW,
  data: Examples,
  options: TrainingOptions,
  state: TrainingState,
  pause: Pause,
): Promise<Update> {
  const { batchSize, maxGradNorm } = options;
  const start = performance.now();
  const earlier = state.updates;
  const done = earlier + 1;
  const learningRate = learningRateAt(earlier, options.learningRate, updatesInAll(data, options));
  const examples = state.pass!.slice(state.batch * batchSize, (state.batch + 1) * batchSize);
  const gradients: Gradients = new Map();
  let loss: number;
  let tokens: number;
  let gradNorm: number | null;
  try {
    ({ loss, tokens } = await objective.gradients(examples, earlier, gradients, pause));
    checkFinite(loss, `of update ${done}`);
    const wanted = maxGradNorm !== null || isEvaluated(done, options);
    gradNorm = wanted ? await gradientNorm(gradients.values()) : null;
    const factor = maxGradNorm === null ? 1 : clippingFactor(gradNorm!, maxGradNorm);
    optimizer.update(gradients, done, learningRate, factor);
  } finally {
    tf.dispose([...gradients.values()]);
  }

  state.updates = done;
  state.learningRate = learningRate;
  state.gradNorm = gradNorm;
  state.tokensSeen += tokens;
  state.batch += 1;
  if (state.batch === updatesPerEpoch(data.train.length, batchSize)) {
    state.epoch += 1;
    state.batch = 0;
    state.pass = null;
  }
  const seconds = (performance.now() - start) / 1000;
  return { done, loss, learningRate, gradNorm, tokens, seconds };
}
