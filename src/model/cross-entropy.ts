import * as tf from '@tensorflow/tfjs-core';

/** The target that PyTorch's cross-entropy leaves out by default. */
const IGNORED_TARGET = -100;

/**
 * Mean cross-entropy in nats of logits [N, V] against targets [N] (int32), over the targets that are not
 * -100; 0 where there is none.
 *
 * The gradient is written out, (softmax - onehot) / count: going back through each step of the log-softmax
 * would hold several more arrays of N × V floats, and V is 50,257.
 */
export function crossEntropy(logits: tf.Tensor2D, targets: tf.Tensor1D): tf.Scalar {
  const compute = tf.customGrad((x, save) => {
    const scores = x as tf.Tensor2D; // [N, V]
    const shifted = tf.sub(scores, tf.max(scores, 1, true));
    const logProbabilities = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true))); // [N, V]
    const weights = meanWeights(targets); // [N, 1]
    const chosen = tf.sum(tf.mul(logProbabilities, oneHot(targets, scores)), 1, true); // [N, 1]
    // What the gradient needs must be saved: other tensors are gone when it is computed.
    (save as tf.GradSaveFunc)([logProbabilities, weights, targets]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [logP, w, t] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
      return tf.mul(tf.sub(tf.exp(logP), oneHot(t, logP)), tf.mul(w, dy));
    };
    return { value: tf.neg(tf.sum(tf.mul(chosen, weights))), gradFunc };
  });
  return compute(logits) as tf.Scalar;
}

/** 1 / count for each target that counts, 0 for the others [N, 1]. */
function meanWeights(targets: tf.Tensor1D): tf.Tensor2D {
  const counted = tf.cast(tf.notEqual(targets, tf.scalar(IGNORED_TARGET, 'int32')), 'float32');
  return tf.expandDims(tf.div(counted, tf.maximum(tf.sum(counted), 1)), 1);
}

/** [N, V]; a target of -100 has a row of zeros. */
function oneHot(targets: tf.Tensor1D, like: tf.Tensor2D): tf.Tensor {
  return tf.cast(tf.oneHot(targets, like.shape[1]), 'float32');
}
