import { freemem } from 'node:os';

/** What the engine and Node need on their own. */
const BASE_BYTES = 300e6;

/**
 * About how much memory a training takes at its peak, in bytes. Parameters, gradients and AdamW's two moments
 * take the model's size each; what the backward pass keeps grows with the batch, and for texts of some 64 tokens a
 * batch of eight takes about as much as the model (GPT-2 small and medium, batch 8 × 64: 3.1 and 7.6 GB at the
 * peak, with weights of 0.65 and 1.63 GB).
 */
export function trainingMemory(modelBytes: number, batchSize: number): number {
  return BASE_BYTES + modelBytes * (4 + batchSize / 8);
}

/**
 * Memory in bytes that a new process could take. Where a container limits it, the limit counts and not what is
 * left of it, because the kernel counts cached files as taken and gives them back on demand.
 */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  return Math.min(freemem(), limit > 0 ? limit : Number.POSITIVE_INFINITY);
}
