import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../../src/batch/collate.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import { logits } from './logits.ts';

/**
 * Mean cross-entropy over the targets that are not -100 and its gradients of what is trained, as TensorFlow.js derives them from the
 * logits of the whole padded batch on its cpu backend. The current engine stays what it is.
 */
export async function plainLossAndGradients(
  model: CausalModel,
  batch: Batch,
): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
  const engine = tf.getBackend();
  await tf.setBackend('cpu');
  try {
    return onThisEngine(model, batch);
  } finally {
    await tf.setBackend(engine);
  }
}

function onThisEngine(
  model: CausalModel,
  batch: Batch,
): { loss: number; gradients: Map<string, Float32Array> } {
  const { value, grads } = tf.variableGrads(() => plainLoss(model, batch), [...model.trained.values()]);
  const gradients = Array.from(model.trained, ([name, variable]) => {
    return [name, grads[variable.name]!.dataSync<'float32'>()] as const;
  });
  const [loss] = value.dataSync();
  tf.dispose([value, grads]);
  return { loss: loss!, gradients: new Map(gradients) };
}

function plainLoss(model: CausalModel, { inputs, targets, rows, length }: Batch): tf.Scalar {
  const scores = logits(model, tf.tensor2d(inputs, [rows, length], 'int32'));
  const known = tf.tensor2d(targets, [rows, length], 'int32');
  const counts = tf.cast(tf.greaterEqual(known, 0), 'float32');
  const chosen = tf.sum(tf.mul(tf.logSoftmax(scores), tf.oneHot(known, scores.shape[2])), 2);
  return tf.neg(tf.div(tf.sum(tf.mul(chosen, counts)), tf.sum(counts))) as tf.Scalar;
}
