import type { Block } from './block.ts';
import type { ConfigFile, GgufFormat, HuggingFaceFormat, OpenAiFormat } from './file-formats.ts';
import type { ModelConfig } from './model-config.ts';

/**
 * A family of models: the one description of what its members have in common. Passes, adapters and files ask it, and
 * name no parameter and no layer themselves.
 */
export interface ModelFamily {
  /** As messages call it. */
  readonly title: string;
  readonly names: ModelNames;
  /** Name and shape of every parameter, in the order of the computation. */
  parameterShapes(config: ModelConfig): ReadonlyMap<string, readonly number[]>;
  /** What a parameter begins with in a model that has learnt nothing yet. */
  initialValue(config: ModelConfig, parameter: string): InitialValue;
  readonly block: Block;
  readonly configFile: ConfigFile;
  readonly huggingFace: HuggingFaceFormat;
  readonly openAi: OpenAiFormat;
  readonly gguf: GgufFormat;
}

/** Names of parameters and layers. A layer's parameters are called `<layer>.weight` and `<layer>.bias`. */
export interface ModelNames {
  /** Parameter with a row for each token of the vocabulary [V, C]. */
  readonly tokens: string;
  /** Parameter with a row for each position. */
  readonly positions: string;
  /** Layer that normalises the last block's result for the head. */
  readonly finalNorm: string;
  /** Parameter of a head of its own [V, C]. */
  readonly head: string;
  block(layer: number): string;
  /** Linear layers of a block, within it. */
  readonly linearInBlock: readonly string[];
  /** What stands for the sum of the embeddings, and within a block for attention's weights, where some are dropped. */
  readonly embeddingDropout: string;
  readonly attentionDropout: string;
}

/** The same number everywhere, or numbers from N(0, deviation) of a stream, which are the same for the same name. */
export type InitialValue = number | { readonly deviation: number; readonly stream: string };
