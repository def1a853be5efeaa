import * as tf from '@tensorflow/tfjs-core';
import { type AttentionSaved, attention, attentionGradient, type Grid } from './attention.ts';
import { gelu, geluGradient } from './gelu.ts';
import { type LayerNormSaved, layerNorm, layerNormGradients } from './layer-norm.ts';
import { linear, linearGradients } from './linear.ts';

/** A parameter of the block by its name within it, such as `attn.c_attn.weight`. */
export type BlockParameters = (name: string) => tf.Tensor;

export interface BlockShape {
  readonly heads: number;
  readonly epsilon: number;
  readonly grid: Grid;
}

/** What the gradient of a block needs of its forward pass. */
export type BlockSaved = {
  readonly norm1: LayerNormSaved;
  readonly normalised1: tf.Tensor2D; // [N, C]
  readonly attention: AttentionSaved;
  readonly mixed: tf.Tensor2D; // [N, C]
  readonly norm2: LayerNormSaved;
  readonly normalised2: tf.Tensor2D; // [N, C]
  readonly wide: tf.Tensor2D; // [N, 4C]
};

/** One transformer block of GPT-2 on the rows of a packed batch [N, C]. */
export function block(
  x: tf.Tensor2D,
  parameter: BlockParameters,
  { heads, epsilon, grid }: BlockShape,
): { y: tf.Tensor2D; saved: BlockSaved } {
  const norm = (name: string, of: tf.Tensor2D) =>
    layerNorm(of, parameter(`${name}.weight`), parameter(`${name}.bias`), epsilon);
  const dense = (name: string, of: tf.Tensor2D) =>
    linear(of, parameter(`${name}.weight`), parameter(`${name}.bias`));

  const { y: normalised1, saved: norm1 } = norm('ln_1', x);
  const { y: mixed, saved: attended } = attention(dense('attn.c_attn', normalised1), grid, heads);
  const middle = tf.add(x, dense('attn.c_proj', mixed)) as tf.Tensor2D;
  const { y: normalised2, saved: norm2 } = norm('ln_2', middle);
  const wide = dense('mlp.c_fc', normalised2);
  const y = tf.add(middle, dense('mlp.c_proj', gelu(wide))) as tf.Tensor2D;
  const saved = { norm1, normalised1, attention: attended, mixed, norm2, normalised2, wide };
  return { y, saved };
}

/** The gradients of a block with respect to x and to each parameter by name, given that of its result [N, C]. */
export function blockGradients(
  dy: tf.Tensor2D,
  saved: BlockSaved,
  parameter: BlockParameters,
  { grid }: BlockShape,
): { x: tf.Tensor2D; parameters: Record<string, tf.Tensor> } {
  const parameters: Record<string, tf.Tensor> = {};
  const collect = (name: string, { x, weight, bias }: Gradients): tf.Tensor2D => {
    parameters[`${name}.weight`] = weight;
    parameters[`${name}.bias`] = bias;
    return x;
  };
  const dense = (name: string, dResult: tf.Tensor2D, x: tf.Tensor2D) =>
    collect(name, linearGradients(dResult, x, parameter(`${name}.weight`)));
  const norm = (name: string, dResult: tf.Tensor2D, of: LayerNormSaved) =>
    collect(name, layerNormGradients(dResult, of, parameter(`${name}.weight`)));

  const activated = gelu(saved.wide); // again: it would be a quarter of what is saved, and takes little time
  const dWide = geluGradient(dense('mlp.c_proj', dy, activated), saved.wide, activated);
  const dMiddle = tf.add(dy, norm('ln_2', dense('mlp.c_fc', dWide, saved.normalised2), saved.norm2));
  const dMixed = dense('attn.c_proj', dMiddle as tf.Tensor2D, saved.mixed);
  const dQkv = attentionGradient(dMixed, saved.attention, grid);
  const x = tf.add(dMiddle, norm('ln_1', dense('attn.c_attn', dQkv, saved.normalised1), saved.norm1));
  return { x: x as tf.Tensor2D, parameters };
}

interface Gradients {
  readonly x: tf.Tensor2D;
  readonly weight: tf.Tensor;
  readonly bias: tf.Tensor;
}
