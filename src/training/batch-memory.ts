import type { BlockNumbers } from '../model/families/block.ts';
import { familyOf, parameterCount } from '../model/families/families.ts';
import type { ModelConfig } from '../model/families/model-config.ts';
import { rowsAtOnce } from '../model/layers/head-loss.ts';
import { BASE_BYTES, type TrainingSize } from './memory.ts';

/** N rows, and the grid of B texts of T places that attention works on. */
interface BatchSize {
  readonly N: number;
  readonly B: number;
  readonly T: number;
}

/**
 * About how much memory a training takes at its peak, in bytes, with texts of these lengths in tokens, of which the longest
 * may meet in one batch. Variables and what goes from part to part of an update share
 * memory (`BufferPool`): the most of it is in use either at the head, when every block has been passed and none on the way
 * back, or at the end, when every gradient is there. What a part needs only while it is computed comes from elsewhere.
 * bench/memory.mjs compares this with real trainings.
 */
export function trainingMemoryOf(
  config: ModelConfig,
  lengths: readonly number[],
  size: TrainingSize,
): number {
  const batch = largestBatch(lengths, size);
  const { numbers } = familyOf(config).block(config);
  const model = parameterCount(config);
  const { adapter, gradientCheckpointing } = size;
  const trained = adapter ?? model;
  const moments = 2 * trained;
  const variables = adapter === undefined ? model : model + adapter;

  const ofBlock = savedBy(numbers, batch);
  const input = batch.N * config.n_embd;
  const kept = gradientCheckpointing ? config.n_layer * input + ofBlock : config.n_layer * ofBlock;
  const atHead = kept + headNumbers(config, batch, adapter === undefined);
  const atEnd = trained + ofBlock + 2 * input;
  const passing = Math.max(workOf(numbers, batch), largestMatrix(config));
  return BASE_BYTES + 4 * (variables + moments + Math.max(atHead, atEnd) + passing);
}

function largestBatch(lengths: readonly number[], { textsAtOnce }: TrainingSize): BatchSize {
  const longest = lengths.toSorted((a, b) => b - a).slice(0, textsAtOnce);
  const N = longest.reduce((sum, length) => sum + length, 0);
  return { N, B: longest.length, T: longest[0] ?? 0 };
}

function savedBy({ saved }: BlockNumbers, { N, B, T }: BatchSize): number {
  return saved.row * N + saved.place * B * T + saved.pair * B * T ** 2;
}

/**
 * The scores of the vocabulary and the probabilities of them on the way forward; on the way back the probabilities and the
 * gradient of the head, which is made twice where it is the sum of slices.
 */
function headNumbers({ vocab_size, n_embd }: ModelConfig, { N }: BatchSize, trained: boolean): number {
  const rows = rowsAtOnce(N, vocab_size);
  const gradients = trained ? (rows < N ? 2 : 1) : 0;
  return rows * vocab_size + Math.max(rows * vocab_size, gradients * vocab_size * n_embd) + 2 * N * n_embd;
}

/**
 * Numbers that are there while a block passes on the way back: six of its widest rows, which its activation and the gradients
 * of its matrices need, or three of what attention keeps of pairs.
 */
function workOf({ widest, saved }: BlockNumbers, { N, B, T }: BatchSize): number {
  return Math.max(6 * widest * N, 3 * saved.pair * B * T ** 2);
}

/** A copy of it is made when it is read, saved, or its gradient is measured. */
function largestMatrix({ vocab_size, n_embd }: ModelConfig): number {
  return vocab_size * n_embd;
}
