import type { ModelShape } from '../model-shape.ts';

/** The shape of a GPT-2, whose `n_embd` is a multiple of `n_head`. */
export interface Gpt2Config extends ModelShape {
  readonly model_type: 'gpt2';
  readonly layer_norm_epsilon: number;
}
