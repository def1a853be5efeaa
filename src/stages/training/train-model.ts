import { writeFile } from 'node:fs/promises';
import type { StageContext } from '../../contract/stage-context.ts';
import { saveModel } from '../../model/files/model-folder.ts';
import type { CausalModel } from '../../model/network/causal-model.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';
import { minimize, type Update } from '../../training/loop.ts';
import type { Objective } from '../../training/objective/objective.ts';
import { Checkpoints } from '../../training/state/checkpoint.ts';
import { bookStep, type Evaluation, formatHistory } from '../../training/state/history.ts';
import {
  type Examples,
  type TrainingOptions,
  type TrainingState,
  updatesInAll,
} from '../../training/state/training-state.ts';
import { learningCurve } from './learning-curve.ts';

/** Milliseconds between two reports of progress. */
const PROGRESS_INTERVAL = 500;

/** Of a stage that trains: its setting `checkpoint_every` is in minutes. */
type TrainingContext = StageContext<{ readonly checkpoint_every: number }>;

interface Training {
  readonly model: CausalModel;
  readonly objective: Objective;
  readonly data: Examples;
  readonly options: TrainingOptions;
  readonly tokenizer: Tokenizer;
  /** Measures that are logged with the losses. */
  readonly reported?: readonly string[];
}

/**
 * Runs a training in a stage, reports its progress, and writes the outputs that every stage that trains has: the model,
 * the history, the loss curve and the samples. Throws StageError if the training diverges.
 */
export async function trainModel(
  context: TrainingContext,
  { model, objective, data, options, tokenizer, reported = [] }: Training,
): Promise<void> {
  const { settings, inputs, outputs, signal } = context;
  const progress = progressReport(context, options, updatesInAll(data, options));
  const state = await minimize(model, objective, data, options, {
    checkpoints: new Checkpoints<TrainingState>(
      context.workDirectory,
      context.earlierWorkDirectories,
      (message) => context.warn(message),
    ),
    checkpointInterval: settings.checkpoint_every * 60_000,
    signal,
    onResume: (done) => context.log(`continues from a checkpoint after ${done} updates`),
    onUpdate: progress.update,
    onPart: progress.part,
    onEvaluation: (evaluation) => context.log(evaluationText(evaluation, reported)),
    onSample: ({ epoch, tokens, kept }) => {
      const moment = kept ? 'of the kept model' : `after epoch ${epoch}`;
      context.sample(`sample ${moment}: ${JSON.stringify(tokenizer.decode(tokens))}`);
    },
  });
  tellEnd(state, options, context);
  progress.summary(state.updates);
  const { history, samples } = state;

  await saveModel(outputs.model!, model, inputs.model!);
  await writeFile(outputs.history!, formatHistory(history));
  await writeFile(outputs.loss_curve!, learningCurve(history));
  const prompt = tokenizer.decode(data.samplePrompt);
  const texts = samples.map(({ tokens, ...of }) => ({ ...of, prompt, text: tokenizer.decode(tokens) }));
  await writeFile(outputs.samples!, `${JSON.stringify(texts, null, 2)}\n`);
}

function evaluationText(evaluation: Evaluation, reported: readonly string[]): string {
  const { updates, trainLoss, validationLoss, measures = {} } = evaluation;
  const moment = updates === 0 ? 'before training' : `step ${bookStep(evaluation)}`;
  const values = [
    `train loss ${trainLoss.toFixed(3)}`,
    `validation loss ${validationLoss.toFixed(3)}`,
    ...reported.map((name) => `${name.replaceAll('_', ' ')} ${measures[name]!.toFixed(3)}`),
  ];
  return `${moment}: ${values.join(', ')}`;
}

/** Says why a training ended before its last epoch, and which weights are the result. */
function tellEnd(
  { epoch, updates, history }: TrainingState,
  { epochs, earlyStopping }: TrainingOptions,
  context: TrainingContext,
): void {
  const losses = history.map(({ validationLoss }) => validationLoss);
  if (earlyStopping && epoch < epochs) {
    const { patience, minDelta } = earlyStopping;
    const improvement = minDelta > 0 ? ` by more than ${minDelta}` : '';
    context.log(
      `stopped early after ${updates} updates: the validation loss has not improved${improvement} in ${patience} evaluations, the lowest is ${Math.min(...losses).toFixed(3)}`,
    );
  }
  const kept = history.find((evaluation) => evaluation.kept);
  if (!kept) return;
  const moment = kept.updates === 0 ? 'before training' : `of step ${bookStep(kept)}`;
  context.log(`kept the model ${moment}, validation loss ${kept.validationLoss.toFixed(3)}`);
}

/** Tells progress about twice a second, with the latest loss and the speed of the latest updates. */
function progressReport(
  context: TrainingContext,
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
