import type * as tf from '@tensorflow/tfjs-core';
import type { AttentionRows, AttentionSaved } from '../layers/attention.ts';
import type { Drop } from '../layers/drop.ts';
import type { GradientsOnDemand } from '../layers/gradients-on-demand.ts';
import type { LinearLayer } from '../layers/linear.ts';
import type { NormLayer } from '../layers/norm.ts';

/** The layers of a block, by their names within it, on the way forward. `Kept` is what attention keeps of it. */
export interface ForwardLayers<Kept> {
  linear(name: string): Pick<LinearLayer, 'forward'>;
  norm(name: string): Pick<NormLayer, 'forward'>;
  /** Turns queries or keys [N, heads · D] by their positions, in families with rotary positions. */
  rotate(x: tf.Tensor2D): tf.Tensor2D;
  readonly attend: Attend<Kept>;
  /** What drops some of what the named layer adds to the rows. */
  dropRows(name: string): Drop;
}

/** From queries, keys and values to mixed values [N, heads · D]. */
export type Attend<Kept> = (rows: AttentionRows) => { y: tf.Tensor2D; saved: Kept };

/** The same layers on the way back. */
export interface BackwardLayers {
  linear(name: string): Pick<LinearLayer, 'backward'>;
  norm(name: string): Pick<NormLayer, 'backward'>;
  rotateGradient(dy: tf.Tensor2D): tf.Tensor2D;
  attentionGradient(dy: tf.Tensor2D, saved: AttentionSaved): AttentionRows;
  dropRows(name: string): Drop;
}

/** What the gradient of a block needs of its forward pass. Only the block knows the rest. */
export type BlockSaved<Kept> = {
  readonly attention: Kept;
};

/** How many numbers a block needs on its way back, of a batch of N rows and a grid of B texts of T places. */
export interface BlockNumbers {
  /** What `forward` saves, its input included: numbers for each row, for each place, and for each pair of places of a text. */
  readonly saved: { readonly row: number; readonly place: number; readonly pair: number };
  /** Width of its widest rows. */
  readonly widest: number;
}

/** One transformer block on rows [N, C], written once for training and for generation. */
export interface Block {
  readonly numbers: BlockNumbers;

  /** What is saved is computed in any case: a caller that does not go back disposes of it. */
  forward<Kept>(
    x: tf.Tensor2D,
    layers: ForwardLayers<Kept>,
  ): { readonly y: tf.Tensor2D; readonly saved: BlockSaved<Kept> };

  /**
   * The gradients with respect to x and to each parameter, by its name within the block, given that of the result. `saved`
   * is what `forward` of the same block saved.
   */
  backward(
    dy: tf.Tensor2D,
    saved: BlockSaved<AttentionSaved>,
    layers: BackwardLayers,
  ): { readonly x: tf.Tensor2D; readonly parameters: GradientsOnDemand };
}
