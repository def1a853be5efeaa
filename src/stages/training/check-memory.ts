import type { StageContext } from '../../contract/stage-context.ts';
import { ENGINES } from '../../engine/engines.ts';
import { availableMemory } from '../../training/memory.ts';
import type { TrainingOptions } from '../../training/state/training-state.ts';
import { type BatchSettings, memoryProblem, type Need } from './train-memory.ts';
import { refuse } from './training-options.ts';

/**
 * Throws StageError if a training needs more memory than is free: `memoryProblem` says what the arguments are.
 * The check before a run knows neither the texts nor, if an earlier stage makes it, the model. An engine with memory of its own
 * reports itself when that is full.
 */
export function checkMemory(
  needed: Need,
  { settings, engine }: Pick<StageContext<BatchSettings>, 'settings' | 'engine'>,
  choices: { readonly adapters: boolean },
): void {
  if (engine !== undefined && ENGINES[engine].ownMemory) return;
  refuse(memoryProblem(needed, settings, availableMemory(), choices));
}

/** Lengths of texts in tokens, as they are trained on. */
export function lengthsOf(
  texts: readonly { readonly length: number }[],
  { maxLength }: Pick<TrainingOptions, 'maxLength'>,
): number[] {
  return texts.map(({ length }) => Math.min(length, maxLength));
}
