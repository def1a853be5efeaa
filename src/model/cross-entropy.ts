import * as tf from '@tensorflow/tfjs-core';

/** The target that PyTorch's cross-entropy leaves out by default. */
export const IGNORED_TARGET = -100;

/**
 * Mean cross-entropy in nats of logits [N, V] against targets [N] (int32), over the targets that are not
 * -100; 0 where there is none.
 *
 * The gradient is written out, (softmax - onehot) / count: going back through each step of the log-softmax
 * would hold several more arrays of N × V floats, and V is 50,257.
 */
export function crossEntropy(logits: tf.Tensor2D, targets: tf.Tensor1D): tf.Scalar {
  const [N, V] = logits.shape;
  const weights = tf.tidy(() => {
    const counted = tf.cast(tf.notEqual(targets, tf.scalar(IGNORED_TARGET, 'int32')), 'float32');
    return tf.reshape(tf.div(counted, tf.maximum(tf.sum(counted), 1)), [N, 1]); // [N, 1]
  });
  // A target of -100 has an all-zero row.
  const oneHot = () => tf.cast(tf.oneHot(targets, V), 'float32'); // [N, V]

  const compute = tf.customGrad((x, save) => {
    const scores = x as tf.Tensor2D;
    const shifted = tf.sub(scores, tf.max(scores, 1, true));
    const logProbabilities = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true))); // [N, V]
    (save as tf.GradSaveFunc)([logProbabilities]);
    const value = tf.neg(tf.sum(tf.mul(tf.sum(tf.mul(logProbabilities, oneHot()), 1, true), weights)));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) =>
      tf.mul(tf.sub(tf.exp(saved[0]!), oneHot()), tf.mul(weights, dy));
    return { value, gradFunc };
  });
  return compute(logits) as tf.Scalar;
}
