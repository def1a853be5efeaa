import * as tf from '@tensorflow/tfjs-core';

/** Sum of the embeddings of N tokens and of their positions [N, C]; ids and positions are int32 [N]. */
export function embedding(
  tokens: tf.Tensor,
  positions: tf.Tensor,
  ids: tf.Tensor1D,
  positionIds: tf.Tensor1D,
): tf.Tensor2D {
  return tf.add(tf.gather(tokens, ids), tf.gather(positions, positionIds)) as tf.Tensor2D;
}
