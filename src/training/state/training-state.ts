import type { Keeps } from '../../model/network/training-pass.ts';
import { Mt19937, type Mt19937State } from '../../statistics/random/mt19937.ts';
import type { Shuffle } from '../data/data-order.ts';
import type { AdamWOptions } from '../optimizer/adamw.ts';
import type { LearningRateOptions } from '../optimizer/learning-rate.ts';
import type { EarlyStopping } from './early-stopping.ts';
import type { Evaluation } from './history.ts';

/** What a training knows of its examples, whatever they are. */
export interface Examples {
  readonly train: { readonly length: number };
  readonly validation: { readonly length: number };
  /** Ends and pads the texts. */
  readonly endOfText: number;
  /** Token ids that the samples continue from. */
  readonly samplePrompt: Int32Array;
  /** Further tokens that end a sample, and those that are never in one. */
  readonly otherEnds?: readonly number[];
  readonly never?: readonly number[];
}

/** Texts whose next tokens are learnt. */
export interface TrainingData extends Examples {
  readonly train: readonly Int32Array[];
  readonly validation: readonly Int32Array[];
  /** How many tokens of each text are its prompt, where predicting those does not count (instruction masking). */
  readonly promptLengths?: Readonly<Record<'train' | 'validation', readonly number[]>>;
  /** Of conversations, instead: for each token of each text whether predicting it counts (1) or not (0). */
  readonly counted?: Readonly<Record<'train' | 'validation', readonly Int32Array[]>>;
}

export interface TrainingOptions {
  readonly optimizer: AdamWOptions;
  readonly learningRate: LearningRateOptions;
  /** The gradients of an update are scaled down to this norm; null leaves them as they are. */
  readonly maxGradNorm: number | null;
  readonly epochs: number;
  /** Texts in one update. */
  readonly batchSize: number;
  /** How many of them are computed at once, which saves memory and changes rounding only. */
  readonly rowsAtOnce: number;
  /** What is kept of blocks for the way back, which decides memory and time alone; everything where absent. */
  readonly keeps?: Exclude<Keeps, 'nothing'> | undefined;
  /** Probability with which elements are dropped in an update; see `DropoutRates`. */
  readonly dropout: number;
  readonly seed: number;
  readonly shuffle: Shuffle;
  /** Longest row of a batch, in tokens. */
  readonly maxLength: number;
  /** Losses are measured every `evalEvery` updates, on `evalBatches` batches of each data set. */
  readonly evalEvery: number;
  readonly evalBatches: number;
  /** Which weights are the result: the last, or those of the evaluation with the lowest validation loss. */
  readonly keep: 'last' | 'best';
  /** Null trains to the end of the last epoch. */
  readonly earlyStopping: EarlyStopping | null;
  /** Longest sample, in tokens. */
  readonly sampleTokens: number;
}

/** What the model makes of the sample prompt before training (epoch 0), after each epoch, and with the kept weights. */
export interface Sample {
  readonly epoch: number;
  readonly tokens: readonly number[];
  /** Taken with the weights of the result, because they are those of the best evaluation. */
  readonly kept?: true;
}

/** All that the rest of a training depends on besides its variables, and its results so far; JSON keeps it whole. */
export interface TrainingState {
  /** Updates made so far. */
  updates: number;
  tokensSeen: number;
  /** Completed epochs. */
  epoch: number;
  /** Order of the texts in the current epoch once it has begun, and how many of its batches are done. */
  pass: readonly number[] | null;
  batch: number;
  generator: Mt19937State;
  /** Learning rate of the last update; null before the first. */
  learningRate: number | null;
  /** Norm of the gradients of the last update before clipping, where it will be evaluated or clipping needed it. */
  gradNorm: number | null;
  history: Evaluation[];
  samples: Sample[];
}

/** The state before the first update. */
export function beginning({ seed }: TrainingOptions): TrainingState {
  return {
    updates: 0,
    tokensSeen: 0,
    epoch: 0,
    pass: null,
    batch: 0,
    generator: Mt19937.seeded(seed).state(),
    learningRate: null,
    gradNorm: null,
    history: [],
    samples: [],
  };
}

/** An epoch leaves out an incomplete last batch. */
export function updatesPerEpoch(texts: number, batchSize: number): number {
  return Math.floor(texts / batchSize);
}

/** Updates of the whole training, where nothing stops it early. */
export function updatesInAll(
  { train }: Pick<Examples, 'train'>,
  { epochs, batchSize }: Pick<TrainingOptions, 'epochs' | 'batchSize'>,
): number {
  return epochs * updatesPerEpoch(train.length, batchSize);
}
