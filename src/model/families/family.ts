import type * as tf from '@tensorflow/tfjs-core';
import type { Heads } from '../layers/attention.ts';
import type { NormLayer } from '../layers/norm.ts';
import type { Rotation } from '../layers/rotary.ts';
import type { Block } from './block.ts';
import type { ConfigFile, GgufFormat, HuggingFaceFormat, OpenAiFormat } from './file-formats.ts';
import type { ModelConfig } from './model-config.ts';

/**
 * A family of models: the one description of what its members have in common. Passes, adapters and files ask it, and
 * name no parameter and no layer themselves.
 */
export interface ModelFamily<Config extends ModelConfig = ModelConfig> {
  /** As messages call it. */
  readonly title: string;
  readonly names: ModelNames;
  /** Name and shape of every parameter, in the order of the computation. */
  parameterShapes(config: Config): ReadonlyMap<string, readonly number[]>;
  /** What a parameter begins with in a model that has learnt nothing yet. */
  initialValue(config: Config, parameter: string): InitialValue;
  /** A layer that normalises rows, given its parameters by their names in it. */
  norm(config: Config, parameter: (name: string) => tf.Tensor): NormLayer;
  /** What the embeddings of tokens are multiplied with. */
  embeddingScale(config: Config): number;
  /** How the heads of a block attend, and whether they look back only so far. */
  attention(config: Config, layer: number): BlockAttention;
  /** The rotary positions that `attention` names, of tokens at these positions [N], where the family has such. The caller disposes of them. */
  rotations(config: Config, positions: Int32Array): Readonly<Record<string, Rotation>>;
  block(config: Config): Block;
  readonly configFile: ConfigFile<Config>;
  readonly huggingFace: HuggingFaceFormat;
  /** The checkpoint that OpenAI published, of a family of theirs. */
  readonly openAi?: OpenAiFormat;
  readonly gguf: GgufFormat<Config>;
}

/** How a block attends. */
export interface BlockAttention {
  readonly heads: Heads;
  /** How many tokens back a token sees, itself among them; undefined: to the first. */
  readonly window?: number;
  /** Which of the rotations is its own. */
  readonly rotation?: string;
}

/** Names of parameters and layers. A layer's parameters are called `<layer>.weight` and, where it has one, `<layer>.bias`. */
export interface ModelNames {
  /** Parameter with a row for each token of the vocabulary [V, C]. */
  readonly tokens: string;
  /** Parameter with a row for each position, in families that have learnt them. */
  readonly positions?: string;
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
