import type { Gpt2Config } from './gpt2/gpt2-config.ts';
import type { LlamaConfig } from './llama/llama-config.ts';

/** The shape of a model of any family. What only one family has is of use to that family alone. */
export type ModelConfig = Gpt2Config | LlamaConfig;

/** Names of the families, as `model_type` in a config.json. */
export type FamilyName = ModelConfig['model_type'];
