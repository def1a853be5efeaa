import { parameterCount } from '../model/families/families.ts';
import type { ModelConfig } from '../model/families/model-config.ts';
import { BASE_BYTES, COPIES, FROZEN_COPIES } from './memory.ts';

/**
 * About how much memory a training takes at its peak, in bytes, with texts of these lengths, of which the longest may
 * meet in one batch. For each token the backward pass needs 12 rows of the model's width from each block, and the head
 * two rows as long as the vocabulary. `adapter` is the number of an adapter's parameters, where one is trained.
 */
export function trainingMemoryOf(
  config: ModelConfig,
  lengths: readonly number[],
  textsAtOnce: number,
  adapter?: number,
): number {
  const longest = lengths.toSorted((a, b) => b - a).slice(0, textsAtOnce);
  const tokens = longest.reduce((sum, length) => sum + length, 0);
  const attention = config.n_layer * config.n_head * textsAtOnce * (longest[0] ?? 0) ** 2;
  const perToken = config.n_layer * 12 * config.n_embd + 2 * config.vocab_size;
  const model = parameterCount(config);
  const variables = adapter === undefined ? COPIES * model : FROZEN_COPIES * model + COPIES * adapter;
  return BASE_BYTES + 4 * (variables + tokens * perToken + 2 * attention);
}
