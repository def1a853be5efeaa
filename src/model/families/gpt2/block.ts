import * as tf from '@tensorflow/tfjs-core';
import type { AttentionSaved } from '../../layers/attention.ts';
import { gelu, geluGradient } from '../../layers/gelu.ts';
import { type GradientsOnDemand, within } from '../../layers/gradients-on-demand.ts';
import type { NormSaved } from '../../layers/norm.ts';
import type { BackwardLayers, BlockNumbers, BlockSaved, ForwardLayers } from '../block.ts';
import type { Gpt2Config } from './gpt2-config.ts';

/** What the gradient of a block needs of its forward pass. */
type Gpt2BlockSaved<Kept> = BlockSaved<Kept> & {
  readonly norm1: NormSaved;
  readonly normalised1: tf.Tensor2D; // [N, C]
  readonly mixed: tf.Tensor2D; // [N, C]
  readonly norm2: NormSaved;
  readonly normalised2: tf.Tensor2D; // [N, C]
  readonly wide: tf.Tensor2D; // [N, 4C]
};

/** Both norms also keep two numbers a row. */
export function blockNumbers({ n_embd: C, n_head }: Gpt2Config): BlockNumbers {
  return { saved: { row: 2 * (C + 2) + 3 * C + 4 * C, place: 3 * C, pair: n_head }, widest: 4 * C };
}

type Rows = tf.Tensor2D;

/** GPT-2's block: each half normalises the rows, and adds what its layers make of them. */
export function block<Kept>(
  x: tf.Tensor2D,
  layers: ForwardLayers<Kept>,
): { y: tf.Tensor2D; saved: Gpt2BlockSaved<Kept> } {
  const dense = (name: string, of: tf.Tensor2D) => layers.linear(name).forward(of);
  const residual = (name: string, of: tf.Tensor2D) => layers.dropRows(name)(dense(name, of));

  const { y: normalised1, saved: norm1 } = layers.norm('ln_1').forward(x);
  const [query, key, value] = tf.split(dense('attn.c_attn', normalised1), 3, 1) as [Rows, Rows, Rows];
  const { y: mixed, saved: attention } = layers.attend({ query, key, value });
  const middle = tf.add(x, residual('attn.c_proj', mixed)) as tf.Tensor2D;
  const { y: normalised2, saved: norm2 } = layers.norm('ln_2').forward(middle);
  const wide = dense('mlp.c_fc', normalised2);
  const y = tf.add(middle, residual('mlp.c_proj', gelu(wide))) as tf.Tensor2D;
  return { y, saved: { norm1, normalised1, attention, mixed, norm2, normalised2, wide } };
}

/** Its way back. */
export function blockGradients(
  dy: tf.Tensor2D,
  saved: Gpt2BlockSaved<AttentionSaved>,
  layers: BackwardLayers,
): { x: tf.Tensor2D; parameters: GradientsOnDemand } {
  const parameters: GradientsOnDemand = {};
  const collect = (name: string, of: { x: tf.Tensor2D; parameters: GradientsOnDemand }): tf.Tensor2D => {
    Object.assign(parameters, within(name, of.parameters));
    return of.x;
  };
  const dense = (name: string, dResult: tf.Tensor2D, x: tf.Tensor2D) =>
    collect(name, layers.linear(name).backward(dResult, x));
  const residual = (name: string, dResult: tf.Tensor2D, x: tf.Tensor2D) =>
    dense(name, layers.dropRows(name)(dResult), x);
  const norm = (name: string, dResult: tf.Tensor2D, of: NormSaved) =>
    collect(name, layers.norm(name).backward(dResult, of));

  const activated = gelu(saved.wide); // again: it would be a quarter of what is saved, and takes little time
  const dWide = geluGradient(residual('mlp.c_proj', dy, activated), saved.wide, activated);
  const dMiddle = tf.add(dy, norm('ln_2', dense('mlp.c_fc', dWide, saved.normalised2), saved.norm2));
  const dMixed = residual('attn.c_proj', dMiddle as tf.Tensor2D, saved.mixed);
  const { query, key, value } = layers.attentionGradient(dMixed, saved.attention);
  const dQkv = tf.concat([query, key, value], 1);
  const x = tf.add(dMiddle, norm('ln_1', dense('attn.c_attn', dQkv, saved.normalised1), saved.norm1));
  return { x: x as tf.Tensor2D, parameters };
}
