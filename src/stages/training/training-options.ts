import { StageError } from '../../contract/stage-context.ts';
import type { Problem } from '../../contract/stage-type.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import type { TrainingOptions } from '../../training/state/training-state.ts';
import type { OptimizationSettings } from './optimization-settings.ts';

/** A stage's settings as options of the training loop. */
export function trainingOptions(
  settings: OptimizationSettings,
  config: ModelConfig,
  dropout: number,
): TrainingOptions {
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
    keeps: settings.gradient_checkpointing ? 'inputs' : 'everything',
    dropout,
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

/** Throws a problem, where there is one, as StageError. */
export function refuse(problem: Problem | undefined): void {
  if (problem) throw new StageError(problem.message, { ...(problem.hint && { hint: problem.hint }) });
}
