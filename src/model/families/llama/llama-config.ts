import type { ModelShape } from '../model-shape.ts';
import type { Rope } from './rope.ts';

/** The shape of a Llama, or of a family that is one with small differences; new names are those of Hugging Face's LlamaConfig. */
export interface LlamaConfig extends ModelShape {
  readonly model_type: 'llama' | 'qwen2' | 'qwen3' | 'gemma3_text';
  /** Heads that keys and values have; divides `n_head`. */
  readonly num_key_value_heads: number;
  /** Numbers in a head, whatever the width. */
  readonly head_dim: number;
  /** Width within the gated layers of a block. */
  readonly intermediate_size: number;
  readonly rms_norm_eps: number;
  /** What the products of queries and keys are divided by the root of. */
  readonly query_pre_attn_scalar: number;
  /** How each block attends, from the first to the last. */
  readonly layer_types: readonly LayerType[];
  /** How many tokens back a token sees in blocks with a window, itself among them; undefined where none has one. */
  readonly sliding_window?: number;
  /** Rotary positions, of each kind of block that there is. */
  readonly rope: Readonly<Partial<Record<LayerType, Rope>>>;
}

/** To all tokens before, or only to those in a window. */
export type LayerType = 'full_attention' | 'sliding_attention';
