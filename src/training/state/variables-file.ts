import * as tf from '@tensorflow/tfjs-core';
import { SafetensorsFile, type TensorSource, writeSafetensors } from '../../model/files/safetensors.ts';

/** Variables by the names that they are stored under. */
export type Variables = ReadonlyMap<string, tf.Variable>;

/** Writes variables into a safetensors file. Numbers keep every bit. */
export async function writeVariables(path: string, variables: Variables): Promise<void> {
  await writeSafetensors(path, Array.from(variables, tensorSource));
}

function tensorSource([name, variable]: [string, tf.Variable]): TensorSource {
  return { name, dtype: 'F32', shape: variable.shape, bytes: () => variable.data<'float32'>() };
}

/**
 * Sets variables to what writeVariables wrote, all of them or none: names and shapes are compared before the first
 * one is touched. Throws if they differ.
 */
export async function readVariables(path: string, variables: Variables): Promise<void> {
  const file = await SafetensorsFile.open(path);
  try {
    const shapes = (entries: Iterable<[string, { readonly shape: readonly number[] }]>) =>
      Array.from(entries, ([name, { shape }]) => `${name} [${shape}]`)
        .sort()
        .join();
    if (shapes(file.tensors) !== shapes(variables)) throw new Error('it belongs to another model');
    for (const [name, variable] of variables) {
      const value = tf.tensor(await file.readFloats(name), variable.shape, 'float32');
      variable.assign(value);
      value.dispose();
    }
  } finally {
    await file.close();
  }
}
