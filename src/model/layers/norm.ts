import type * as tf from '@tensorflow/tfjs-core';
import type { GradientsOnDemand } from './gradients-on-demand.ts';

/** What the gradient of a norm needs of its forward pass. */
export type NormSaved = {
  readonly x: tf.Tensor2D;
  /** What each row was multiplied with [N, 1]. */
  readonly scale: tf.Tensor2D;
  /** What was taken from each row before [N, 1]: a norm of another kind takes nothing. */
  readonly mean?: tf.Tensor2D;
};

/** A layer that normalises each row of x [N, C]. */
export interface NormLayer {
  forward(x: tf.Tensor2D): { y: tf.Tensor2D; saved: NormSaved };
  /** The gradients with respect to x and, by their names in the layer, to the parameters, given that of the result. */
  backward(dy: tf.Tensor2D, saved: NormSaved): { x: tf.Tensor2D; parameters: GradientsOnDemand };
}
