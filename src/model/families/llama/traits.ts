import type { GateName } from '../../layers/gated.ts';
import type { LlamaConfig } from './llama-config.ts';

/** In what the families differ that are built like a Llama. */
export interface LlamaTraits {
  readonly model_type: LlamaConfig['model_type'];
  /** As messages call it. */
  readonly title: string;
  /** Class of transformers that computes it. */
  readonly className: string;
  /** llama.cpp's name of it. */
  readonly architecture: string;
  /** Whether queries, keys and values have a bias. */
  readonly hasBias: boolean;
  /** Whether each head of queries and keys is normalised. */
  readonly normalisesHeads: boolean;
  /** Whether what attention and the gated layers add is normalised before it is added. */
  readonly normalisesAdded: boolean;
  /** What is added to the weights of a norm. */
  readonly gain: 0 | 1;
  readonly gate: GateName;
  /** Whether embeddings are multiplied by the root of the width. */
  readonly scalesEmbedding: boolean;
}
