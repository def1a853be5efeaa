import * as tf from '@tensorflow/tfjs-core';
import type { GradientsOnDemand } from './gradients-on-demand.ts';

/** A layer from rows [N, in] to rows [N, out]. */
export interface LinearLayer {
  forward(x: tf.Tensor2D): tf.Tensor2D;
  /** The gradients with respect to x and, by their names in the layer, to the parameters, given that of the result. */
  backward(dy: tf.Tensor2D, x: tf.Tensor2D): { x: tf.Tensor2D; parameters: GradientsOnDemand };
}

/** At most this many rows count as few. */
const FEW_ROWS = 128;

/**
 * x · Wᵀ [N, out], with x [N, in], W [out, in]. For few rows it is made as (W · xᵀ)ᵀ: the large matrix is then read once,
 * in place, while as the right factor it would first be laid out anew, which takes longer than such a product. On
 * onnxruntime 16 rows take a quarter of the time of x · W with W [in, out].
 */
export function turnedProduct(x: tf.Tensor2D, turned: tf.Tensor): tf.Tensor2D {
  const matrix = turned as tf.Tensor2D;
  if (x.shape[0] > FEW_ROWS) return tf.matMul(x, matrix, false, true);
  return tf.transpose(tf.matMul(matrix, x, false, true)) as tf.Tensor2D;
}

/** x · W + b, with W [in, out], or [out, in] where `turned`, and b [out], where there is one. */
export function linear(weight: tf.Tensor, bias: tf.Tensor | undefined, turned: boolean): LinearLayer {
  const matrix = weight as tf.Tensor2D;
  return {
    forward(x) {
      const product = turned ? turnedProduct(x, matrix) : tf.matMul(x, matrix);
      return (bias ? tf.add(product, bias) : product) as tf.Tensor2D;
    },
    backward: (dy, x) => ({
      x: tf.matMul(dy, matrix, false, !turned),
      parameters: {
        weight: () => (turned ? tf.matMul(dy, x, true, false) : tf.matMul(x, dy, true, false)),
        ...(bias && { bias: () => tf.sum(dy, 0) }),
      },
    }),
  };
}
