import * as tf from '@tensorflow/tfjs-core';
import { type AttentionSaved, attention, attentionGradient, type Grid } from './attention.ts';
import type { Drop } from './drop.ts';
import { gelu, geluGradient } from './gelu.ts';
import { type GradientsOnDemand, within } from './gradients-on-demand.ts';
import { type LayerNormSaved, layerNorm, layerNormGradients } from './layer-norm.ts';
import type { LinearLayer } from './linear.ts';

/** What a block consists of, by the names within it: `ln_1`, `attn.c_attn`, … */
export interface BlockParts {
  linear(name: string): LinearLayer;
  norm(name: string): { readonly weight: tf.Tensor; readonly bias: tf.Tensor };
  /** What drops some of what the named layer adds to the rows. */
  dropRows(name: string): Drop;
  readonly dropAttention: Drop;
}

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
  parts: BlockParts,
  { heads, epsilon, grid }: BlockShape,
): { y: tf.Tensor2D; saved: BlockSaved } {
  const norm = (name: string, of: tf.Tensor2D) => {
    const { weight, bias } = parts.norm(name);
    return layerNorm(of, weight, bias, epsilon);
  };
  const dense = (name: string, of: tf.Tensor2D) => parts.linear(name).forward(of);
  const residual = (name: string, of: tf.Tensor2D) => parts.dropRows(name)(dense(name, of));

  const { y: normalised1, saved: norm1 } = norm('ln_1', x);
  const qkv = dense('attn.c_attn', normalised1);
  const { y: mixed, saved: attended } = attention(qkv, grid, heads, parts.dropAttention);
  const middle = tf.add(x, residual('attn.c_proj', mixed)) as tf.Tensor2D;
  const { y: normalised2, saved: norm2 } = norm('ln_2', middle);
  const wide = dense('mlp.c_fc', normalised2);
  const y = tf.add(middle, residual('mlp.c_proj', gelu(wide))) as tf.Tensor2D;
  const saved = { norm1, normalised1, attention: attended, mixed, norm2, normalised2, wide };
  return { y, saved };
}

/** The gradients of a block with respect to x and to each parameter by name, given that of its result [N, C]. */
export function blockGradients(
  dy: tf.Tensor2D,
  saved: BlockSaved,
  parts: BlockParts,
  { grid }: BlockShape,
): { x: tf.Tensor2D; parameters: GradientsOnDemand } {
  const parameters: GradientsOnDemand = {};
  const collect = (name: string, of: { x: tf.Tensor2D; parameters: GradientsOnDemand }): tf.Tensor2D => {
    Object.assign(parameters, within(name, of.parameters));
    return of.x;
  };
  const dense = (name: string, dResult: tf.Tensor2D, x: tf.Tensor2D) =>
    collect(name, parts.linear(name).backward(dResult, x));
  const residual = (name: string, dResult: tf.Tensor2D, x: tf.Tensor2D) =>
    dense(name, parts.dropRows(name)(dResult), x);
  const norm = (name: string, dResult: tf.Tensor2D, of: LayerNormSaved) =>
    collect(name, layerNormGradients(dResult, of, parts.norm(name).weight));

  const activated = gelu(saved.wide); // again: it would be a quarter of what is saved, and takes little time
  const dWide = geluGradient(residual('mlp.c_proj', dy, activated), saved.wide, activated);
  const dMiddle = tf.add(dy, norm('ln_2', dense('mlp.c_fc', dWide, saved.normalised2), saved.norm2));
  const dMixed = residual('attn.c_proj', dMiddle as tf.Tensor2D, saved.mixed);
  const dQkv = attentionGradient(dMixed, saved.attention, grid, parts.dropAttention);
  const x = tf.add(dMiddle, norm('ln_1', dense('attn.c_attn', dQkv, saved.normalised1), saved.norm1));
  return { x: x as tf.Tensor2D, parameters };
}
