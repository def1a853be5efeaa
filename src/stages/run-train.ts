import { writeFile } from 'node:fs/promises';
import { type StageContext, StageError } from '../contract/stage-context.ts';
import type { Problem } from '../contract/stage-type.ts';
import { engineFor } from '../engine/engine-fit.ts';
import { loadEngine } from '../engine/load-engine.ts';
import { saveAdapter } from '../model/adapter-folder.ts';
import { type Gpt2Config, parameterCount } from '../model/gpt2.ts';
import { initialLora, loraParameterCount } from '../model/lora.ts';
import { loadModel, readConfig, saveModel } from '../model/model-folder.ts';
import { tokenizerFor } from '../text/tokenizer.ts';
import { trainingMemoryOf } from '../training/batch-memory.ts';
import { Checkpoints } from '../training/checkpoint.ts';
import { formatHistory } from '../training/history.ts';
import { learningCurve } from '../training/learning-curve.ts';
import { train, type Update } from '../training/loop.ts';
import { availableMemory } from '../training/memory.ts';
import { readTokens, type TokenizedTexts } from '../training/token-file.ts';
import {
  type TrainingData,
  type TrainingOptions,
  type TrainingState,
  updatesInAll,
} from '../training/training-state.ts';
import { checkResponses } from './check-responses.ts';
import type { TrainSettings } from './train.ts';
import { loraProblem, tellTrained } from './train-lora.ts';
import { memoryProblem } from './train-memory.ts';
import { scheduleProblems } from './train-schedule.ts';

/** Milliseconds between two reports of progress. */
const PROGRESS_INTERVAL = 500;

/** The work of the `train` stage: tokens and a model folder in; trained model, history, curve and samples out. */
export async function runTrain(context: StageContext<TrainSettings>): Promise<void> {
  const { settings, inputs, outputs, signal } = context;
  const tokens = {
    train: await readTokens(inputs.train!.path),
    validation: await readTokens(inputs.validation!.path),
  };
  const config = await readConfig(inputs.model!);
  checkFit(tokens.train, config);
  checkFit(tokens.validation, config);
  refuse(settings.lora && loraProblem(settings.lora, config));
  checkAmounts(tokens, settings);
  const options = trainingOptions(settings, config);
  const data = trainingData(tokens, settings);
  const updates = updatesInAll(data, options);
  refuse(scheduleProblems(settings, updates)[0]);
  warnOfCuts(data, options, context);
  checkResponses(data, options, context);
  checkMemory(data, options, config, context);

  const parameters = parameterCount(config);
  const trained = settings.lora ? loraParameterCount(config, settings.lora) : parameters;
  const tf = await loadEngine(engineFor(context, parameters));
  context.fact('tensorflow_js', tf.version_core);
  tellTrained(parameters, trained, context);
  const tokenizer = await tokenizerFor(tokens.train.encoding);
  const adapter = settings.lora && initialLora(config, settings.lora, settings.seed);
  const model = await loadModel(inputs.model!, adapter);
  const progress = progressReport(context, options, updates);
  const state = await train(model, data, options, {
    checkpoints: new Checkpoints<TrainingState>(
      context.workDirectory,
      context.earlierWorkDirectories,
      (message) => context.warn(message),
    ),
    checkpointInterval: settings.checkpoint_every * 60_000,
    signal,
    onResume: (done) => context.log(`goes on from a checkpoint after ${done} updates`),
    onUpdate: progress.update,
    onPart: progress.part,
    onEvaluation: ({ step, trainLoss, validationLoss }) => {
      const moment = step === -1 ? 'before training' : `step ${step}`;
      context.log(
        `${moment}: train loss ${trainLoss.toFixed(3)}, validation loss ${validationLoss.toFixed(3)}`,
      );
    },
    onSample: ({ epoch, tokens, kept }) => {
      const moment = kept ? 'of the kept model' : `after epoch ${epoch}`;
      context.log(`sample ${moment}: ${JSON.stringify(tokenizer.decode(tokens))}`);
    },
  });
  tellEnd(state, options, context);
  progress.summary(state.step + 1);
  const { history, samples } = state;

  await saveModel(outputs.model!, model, inputs.model!);
  if (adapter) await saveAdapter(outputs.adapter!, adapter);
  await writeFile(outputs.history!, formatHistory(history));
  await writeFile(outputs.loss_curve!, learningCurve(history));
  const prompt = tokenizer.decode(data.samplePrompt);
  const texts = samples.map(({ tokens, ...of }) => ({ ...of, prompt, text: tokenizer.decode(tokens) }));
  await writeFile(outputs.samples!, `${JSON.stringify(texts, null, 2)}\n`);
}

/** The preflight check knows neither the texts nor, where an earlier stage makes it, the model. */
function checkMemory(
  { train, validation }: TrainingData,
  { maxLength }: TrainingOptions,
  config: Gpt2Config,
  { settings, engine }: StageContext<TrainSettings>,
): void {
  if (engine === 'tensorflow-gpu' || engine === 'webgpu') return; // which has memory of its own
  const lengths = [...train, ...validation].map(({ length }) => Math.min(length, maxLength));
  const adapter = settings.lora && loraParameterCount(config, settings.lora);
  const needed = (textsAtOnce: number) => trainingMemoryOf(config, lengths, textsAtOnce, adapter);
  const neededByAdapter = settings.lora
    ? undefined
    : trainingMemoryOf(config, lengths, settings.batch_size, 0);
  refuse(memoryProblem(needed, settings, availableMemory(), neededByAdapter));
}

function refuse(problem: Problem | undefined): void {
  if (problem) throw new StageError(problem.message, { ...(problem.hint && { hint: problem.hint }) });
}

type Parts = Readonly<Record<'train' | 'validation', TokenizedTexts>>;

/** A vocabulary may be padded beyond what the encoding needs, but the end of text must be the same token. */
function checkFit({ encoding, vocabularySize, endOfText }: TokenizedTexts, config: Gpt2Config): void {
  if (config.vocab_size >= vocabularySize && config.eos_token_id === endOfText) return;
  throw new StageError(
    `The tokens are of the encoding ${encoding} (${vocabularySize} tokens, end of text ${endOfText}), but the model has ${config.vocab_size} tokens and ends texts with ${config.eos_token_id}.`,
    { hint: 'Give the `tokenize` stage the encoding that the model was made for, or choose another model.' },
  );
}

function checkAmounts(
  { train, validation }: Parts,
  { batch_size, gradient_accumulation }: TrainSettings,
): void {
  const needed = batch_size * gradient_accumulation;
  if (train.texts.length < needed) {
    throw new StageError(
      `There are ${train.texts.length} texts to train on, fewer than the ${needed} of one update.`,
      { hint: 'Lower `batch_size` or `gradient_accumulation`, or give more records.' },
    );
  }
  if (validation.texts.length === 0) {
    throw new StageError('There are no texts to validate on.', {
      hint: 'Leave some records for validation.',
    });
  }
}

function trainingOptions(settings: TrainSettings, config: Gpt2Config): TrainingOptions {
  const { early_stopping } = settings;
  const [beta1, beta2] = settings.betas as [number, number];
  return {
    optimizer: {
      betas: [beta1, beta2],
      epsilon: settings.epsilon,
      weightDecay: settings.weight_decay,
      decayOn: settings.weight_decay_on,
    },
    learningRate: {
      schedule: settings.schedule,
      peak: settings.learning_rate,
      warmup: settings.warmup,
      initial: settings.initial_learning_rate,
      minimum: settings.minimum_learning_rate,
    },
    maxGradNorm: settings.max_grad_norm || null,
    epochs: settings.epochs,
    batchSize: settings.batch_size * settings.gradient_accumulation,
    rowsAtOnce: settings.batch_size,
    dropout: settings.dropout,
    seed: settings.seed,
    shuffle: settings.shuffle,
    maxLength: Math.min(settings.max_length, config.n_positions),
    evalEvery: settings.eval_every,
    evalBatches: settings.eval_batches,
    keep: settings.keep,
    earlyStopping: early_stopping
      ? { patience: early_stopping.patience, minDelta: early_stopping.min_delta }
      : null,
    sampleTokens: settings.sample_tokens,
  };
}

/** The samples go on from the first validation text's prompt, as in the book. */
function trainingData({ train, validation }: Parts, { mask_instruction }: TrainSettings): TrainingData {
  const { endOfText, texts, promptLengths } = validation;
  const samplePrompt = texts[0]!.subarray(0, promptLengths[0]);
  return {
    train: train.texts,
    validation: texts,
    endOfText,
    samplePrompt,
    ...(mask_instruction && { promptLengths: { train: train.promptLengths, validation: promptLengths } }),
  };
}

function warnOfCuts(
  data: TrainingData,
  { maxLength }: TrainingOptions,
  context: StageContext<TrainSettings>,
): void {
  const texts = [...data.train, ...data.validation];
  const cut = texts.filter(({ length }) => length > maxLength).length;
  if (cut > 0) {
    context.warn(
      `${cut} of ${texts.length} texts are cut at ${maxLength} tokens.`,
      'Their ends are not trained on: raise `max_length` if the model has more positions, or shorten the records.',
    );
  }
}

/** Says why a training ended before its last epoch, and which weights are the result. */
function tellEnd(
  { epoch, step, history }: TrainingState,
  { epochs, earlyStopping }: TrainingOptions,
  context: StageContext<TrainSettings>,
): void {
  const losses = history.map(({ validationLoss }) => validationLoss);
  if (earlyStopping && epoch < epochs) {
    const { patience, minDelta } = earlyStopping;
    const improvement = minDelta > 0 ? ` by more than ${minDelta}` : '';
    context.log(
      `stopped early after ${step + 1} updates: the validation loss has not improved${improvement} in ${patience} evaluations, the lowest is ${Math.min(...losses).toFixed(3)}`,
    );
  }
  const kept = history.find((evaluation) => evaluation.kept);
  if (!kept) return;
  const moment = kept.step === -1 ? 'before training' : `of step ${kept.step}`;
  context.log(`kept the model ${moment}, validation loss ${kept.validationLoss.toFixed(3)}`);
}

/** Tells progress about twice a second, with the latest loss and the speed of the latest updates. */
function progressReport(
  context: StageContext<TrainSettings>,
  { learningRate: { schedule, warmup }, maxGradNorm }: TrainingOptions,
  total: number,
) {
  const rateMoves = schedule !== 'constant' || warmup > 0;
  const sum = { updates: 0, tokens: 0, seconds: 0 };
  let metrics: Record<string, number> = {};
  let reported = Number.NEGATIVE_INFINITY;
  const report = (done: number): void => {
    const now = performance.now();
    if (now - reported < PROGRESS_INTERVAL && done < total) return;
    context.progress({ done, total, unit: 'steps', metrics });
    reported = now;
  };
  return {
    update({ done, loss, learningRate, gradNorm, tokens, seconds }: Update): void {
      sum.updates += 1;
      sum.tokens += tokens;
      sum.seconds += seconds;
      metrics = {
        train_loss: loss,
        ...(rateMoves && { learning_rate: learningRate }),
        ...(maxGradNorm !== null && { grad_norm: gradNorm! }),
        tokens_per_second: Math.round(tokens / seconds),
      };
      report(done);
    },
    /** Between the parts of an update: one of a large model takes seconds. */
    part(done: number, share: number): void {
      if (sum.updates > 0) report(done + Math.floor(share * 100) / 100);
    },
    /** A training may have stopped early, and then there is nothing more to do. */
    summary(done: number): void {
      if (done < total) context.progress({ done, total: done, unit: 'steps', metrics });
      if (sum.updates === 0) return;
      context.metric('tokens_per_second', sum.tokens / sum.seconds);
      context.metric('seconds_per_step', sum.seconds / sum.updates);
    },
  };
}
