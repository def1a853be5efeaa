import * as tf from '@tensorflow/tfjs-core';

/** Embeddings of N tokens [N, C], with those of their positions added where there are such; ids and positions are int32 [N]. */
export function embedding(
  tokens: tf.Tensor,
  ids: tf.Tensor1D,
  positions?: { readonly rows: tf.Tensor; readonly ids: tf.Tensor1D },
): tf.Tensor2D {
  const ofTokens = tf.gather(tokens, ids) as tf.Tensor2D;
  return positions ? tf.add(ofTokens, tf.gather(positions.rows, positions.ids)) : ofTokens;
}
