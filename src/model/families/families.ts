import type { ModelFamily } from './family.ts';
import { gpt2 } from './gpt2.ts';
import { gemma3, llama, qwen2, qwen3 } from './llama.ts';
import type { FamilyName, ModelConfig } from './model-config.ts';

/** The description of each family. */
export const FAMILIES: Readonly<Record<FamilyName, ModelFamily>> = {
  gpt2,
  llama,
  qwen2,
  qwen3,
  gemma3_text: gemma3,
};

/** The family that a model of this shape belongs to. */
export function familyOf({ model_type }: Pick<ModelConfig, 'model_type'>): ModelFamily {
  return FAMILIES[model_type];
}

/** How many numbers a model of this shape learns. */
export function parameterCount(config: ModelConfig): number {
  let count = 0;
  for (const shape of familyOf(config).parameterShapes(config).values()) {
    count += shape.reduce((size, length) => size * length, 1);
  }
  return count;
}
