import { setImmediate as eventLoop } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { StageError } from '../contract/stage-context.ts';
import type { Gpt2 } from '../model/gpt2.ts';
import { type Batch, collate } from '../text/collate.ts';
import { AdamW, type AdamWOptions } from './adamw.ts';
import type { Checkpoints } from './checkpoint.ts';
import { batchesOf, DataOrder, type Shuffle } from './data-order.ts';
import type { Evaluation } from './history.ts';
import { Mt19937, type Mt19937State } from './mt19937.ts';

export interface TrainingData {
  readonly train: readonly Int32Array[];
  readonly validation: readonly Int32Array[];
  /** Ends and pads the texts. */
  readonly endOfText: number;
  /** Token ids that the samples go on from. */
  readonly samplePrompt: Int32Array;
}

export interface TrainingOptions {
  readonly optimizer: AdamWOptions;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly shuffle: Shuffle;
  /** Longest row of a batch, in tokens. */
  readonly maxLength: number;
  /** Losses are measured every so many updates, on this many batches of each data set. */
  readonly evalEvery: number;
  readonly evalBatches: number;
  /** Longest sample, in tokens. */
  readonly sampleTokens: number;
}

/** What the model makes of the sample prompt before training (epoch 0) and after each epoch. */
export interface Sample {
  readonly epoch: number;
  readonly tokens: readonly number[];
}

/** All that the rest of a training depends on beside its variables, and its results so far; JSON keeps it whole. */
export interface TrainingState {
  /** Updates made so far minus one, as the book counts: -1 before the first. */
  step: number;
  tokensSeen: number;
  /** Completed epochs. */
  epoch: number;
  /** Order of the texts in the current epoch once it has begun, and how many of its batches are done. */
  pass: readonly number[] | null;
  batch: number;
  generator: Mt19937State;
  /** Norm of the gradients of the last update, where it will be evaluated. */
  gradNorm: number | null;
  history: Evaluation[];
  samples: Sample[];
}

/** What a training needs of the world around it. */
export interface TrainingSurroundings {
  readonly checkpoints: Checkpoints<TrainingState>;
  /** Milliseconds between two checkpoints. */
  readonly checkpointInterval: number;
  /** When aborted, the training writes a checkpoint and throws the signal's reason. */
  readonly signal: AbortSignal;
  onUpdate(update: Update): void;
  onEvaluation(evaluation: Evaluation): void;
  onSample(sample: Sample): void;
}

/** What is told of one update. */
export interface Update {
  /** Updates made so far, this one included. */
  readonly done: number;
  /** Loss of its batch, in nats. */
  readonly loss: number;
  /** Tokens in its batch, padding included. */
  readonly tokens: number;
  readonly seconds: number;
}

/**
 * Fine-tunes a model in place, in the order of chapter 7 of "Build a Large Language Model (From Scratch)"
 * (train_model_simple): losses and a sample before the first update; losses after the first and then every
 * `evalEvery` updates; a sample after each epoch. Goes on from the newest checkpoint, and on one engine ends with
 * the same bytes as without the interruption. Throws StageError where a loss is no longer a number.
 */
export async function train(
  model: Gpt2,
  data: TrainingData,
  options: TrainingOptions,
  surroundings: TrainingSurroundings,
): Promise<TrainingState> {
  const { checkpoints, checkpointInterval, signal } = surroundings;
  const optimizer = new AdamW(model.parameters, options.optimizer);
  const variables = new Map([...model.parameters, ...optimizer.variables()]);
  const state = (await checkpoints.restore(variables)) ?? beginning(options);
  let saved = { step: state.step, time: Date.now() };
  const save = async () => {
    if (saved.step !== state.step) await checkpoints.save(state.step + 1, variables, state);
    saved = { step: state.step, time: Date.now() };
  };
  try {
    // The state is whole at every `await`: whatever throws there, a checkpoint of it can be gone on from.
    for (;;) {
      if (evaluationIsDue(state, options)) {
        surroundings.onEvaluation(await evaluate(model, data, options, state, signal));
      }
      if (state.samples.length === state.epoch) surroundings.onSample(sample(model, data, options, state));
      if (state.epoch === options.epochs) return state;
      await eventLoop();
      signal.throwIfAborted();
      if (state.pass === null) beginPass(data, options, state);
      surroundings.onUpdate(await update(model, optimizer, data, options, state));
      if (Date.now() - saved.time >= checkpointInterval) await save();
    }
  } catch (error) {
    if (signal.aborted && error === signal.reason) await save();
    throw error;
  } finally {
    optimizer.dispose();
  }
}

function beginning({ seed }: TrainingOptions): TrainingState {
  return {
    step: -1,
    tokensSeen: 0,
    epoch: 0,
    pass: null,
    batch: 0,
    generator: Mt19937.seeded(seed).state(),
    gradNorm: null,
    history: [],
    samples: [],
  };
}

/** Draws the order of the next epoch. */
function beginPass({ train }: TrainingData, { shuffle }: TrainingOptions, state: TrainingState): void {
  const order = new DataOrder(shuffle, state.generator);
  state.pass = Array.from(order.training(train.length));
  state.generator = order.state();
}

/** One update of all parameters, from the next batch of the epoch. */
async function update(
  model: Gpt2,
  optimizer: AdamW,
  data: TrainingData,
  options: TrainingOptions,
  state: TrainingState,
): Promise<Update> {
  const { batchSize } = options;
  const start = performance.now();
  const step = state.step + 1;
  const texts = state.pass!.slice(state.batch * batchSize, (state.batch + 1) * batchSize);
  const batch = collated(data.train, texts, data, options);
  const { loss: lossTensor, gradients } = withTensors(batch, (ids, targets) => model.gradients(ids, targets));
  const loss = await finiteLoss(lossTensor, `of step ${step}`);
  const gradNorm = step % options.evalEvery === 0 ? await norm(gradients.values()) : null;
  optimizer.update(gradients, step + 1);

  const tokens = batch.inputs.length;
  state.step = step;
  state.gradNorm = gradNorm;
  state.tokensSeen += tokens;
  state.batch += 1;
  if (state.batch === updatesPerEpoch(data.train.length, batchSize)) {
    state.epoch += 1;
    state.batch = 0;
    state.pass = null;
  }
  return { done: step + 1, loss, tokens, seconds: (performance.now() - start) / 1000 };
}

/** An epoch leaves out an incomplete last batch. */
export function updatesPerEpoch(texts: number, batchSize: number): number {
  return Math.floor(texts / batchSize);
}

function evaluationIsDue({ step, history }: TrainingState, { evalEvery }: TrainingOptions): boolean {
  return (step === -1 || step % evalEvery === 0) && history.at(-1)?.step !== step;
}

/**
 * Measures the losses on some batches of both data sets and adds them to the history. The passes are drawn from
 * the training's own generator, so evaluations change the order of the next epoch, as in the book; the losses
 * before the first update are measured on a generator of their own.
 */
async function evaluate(
  model: Gpt2,
  data: TrainingData,
  options: TrainingOptions,
  state: TrainingState,
  signal: AbortSignal,
): Promise<Evaluation> {
  const { batchSize, evalBatches, shuffle } = options;
  const order = new DataOrder(shuffle, state.generator);
  const meanLoss = async (name: 'train' | 'validation', batches: readonly Int32Array[]) => {
    let sum = 0;
    for (const indices of batches) {
      signal.throwIfAborted();
      const batch = collated(data[name], indices, data, options);
      sum += await finiteLoss(
        withTensors(batch, (ids, targets) => model.loss(ids, targets)),
        `on ${name} after step ${state.step}`,
      );
      await eventLoop();
    }
    return sum / batches.length;
  };
  const someOf = (pass: Int32Array, dropLast: boolean) =>
    batchesOf(pass, batchSize, { dropLast }).slice(0, evalBatches);
  const trainLoss = await meanLoss('train', someOf(order.training(data.train.length), true));
  const validationLoss = await meanLoss(
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
    learningRate: begun ? options.optimizer.learningRate : null,
    gradNorm: state.gradNorm,
  };
  state.history.push(evaluation);
  return evaluation;
}

/** Lets the model go on from the sample prompt, greedily, up to the end of the text. */
function sample(model: Gpt2, data: TrainingData, options: TrainingOptions, state: TrainingState): Sample {
  const tokens: number[] = [];
  for (let i = 0; i < options.sampleTokens; i++) {
    const next = tf.tidy(() => {
      const ids = [...data.samplePrompt, ...tokens];
      const logits = model.logits(tf.tensor2d(ids, [1, ids.length], 'int32'));
      return tf.argMax(tf.slice(logits, [0, ids.length - 1, 0], [1, 1, -1]), 2).dataSync()[0]!;
    });
    if (next === data.endOfText) break;
    tokens.push(next);
  }
  const sample = { epoch: state.epoch, tokens };
  state.samples.push(sample);
  return sample;
}

function collated(
  texts: readonly Int32Array[],
  indices: ArrayLike<number>,
  { endOfText }: TrainingData,
  { maxLength }: TrainingOptions,
): Batch {
  const chosen = Array.from(indices, (index) => texts[index]!);
  return collate(chosen, { padToken: endOfText, maxLength });
}

/** Hands a batch to a function as int32 tensors [rows, length] and frees them afterwards. */
function withTensors<Result>(
  { inputs, targets, rows, length }: Batch,
  compute: (ids: tf.Tensor2D, targets: tf.Tensor2D) => Result,
): Result {
  const tensors = [inputs, targets].map((ids) => tf.tensor2d(ids, [rows, length], 'int32'));
  try {
    return compute(tensors[0]!, tensors[1]!);
  } finally {
    tf.dispose(tensors);
  }
}

/** The loss in nats; frees the tensor. Throws StageError where it is not finite. */
async function finiteLoss(tensor: tf.Scalar, which: string): Promise<number> {
  const [loss] = await tensor.data();
  tensor.dispose();
  if (Number.isFinite(loss)) return loss!;
  throw new StageError(`The loss ${which} is ${loss}: the training has diverged.`, {
    hint: 'Lower `learning_rate` (a tenth of it is a good first try), and check that the starting weights are sound.',
  });
}

/** Euclidean norm of all gradients together. */
async function norm(gradients: Iterable<tf.Tensor>): Promise<number> {
  const squares = tf.tidy(() => Array.from(gradients, (gradient) => tf.sum(tf.square(gradient))));
  let sum = 0;
  for (const square of squares) sum += (await square.data())[0]!;
  tf.dispose(squares);
  return Math.sqrt(sum);
}
