import { freemem } from 'node:os';

/** What the engine and Node need on their own (110 to 180 MB), and what is left over of the slabs in which tensors are. */
export const BASE_BYTES = 380e6;

/** What is trained is there four times: parameters, gradients and AdamW's two moments. */
const COPIES = 4;

/** Frozen weights exist once, and the largest of them is copied when it is read or saved. */
const FROZEN_COPIES = 1.25;

/** What decides how much memory a training takes, besides the model and the lengths of the texts. */
export interface TrainingSize {
  readonly textsAtOnce: number;
  /** How many numbers an adapter has, where only that is trained. */
  readonly adapter?: number;
  readonly gradientCheckpointing: boolean;
}

/**
 * About how much memory a training takes at its peak, in bytes, where only the model's size is known: eight
 * texts of some 60 tokens, as in the book, need about 0.7 × the model's size on top of the variables, and with gradient
 * checkpointing next to nothing. An adapter is small.
 */
export function trainingMemory(
  modelBytes: number,
  { textsAtOnce, adapter, gradientCheckpointing }: TrainingSize,
): number {
  const copies = adapter === undefined ? COPIES : FROZEN_COPIES;
  return BASE_BYTES + modelBytes * (copies + (gradientCheckpointing ? 0 : textsAtOnce * 0.09));
}

/**
 * Memory in bytes that a new process could take. Where a container limits it, the limit counts and not what is
 * left of it, because the kernel counts cached files as taken and gives them back on demand.
 */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  return Math.min(freemem(), limit > 0 ? limit : Number.POSITIVE_INFINITY);
}
